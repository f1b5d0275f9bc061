import Foundation
import Logging
import Testing

@testable import RabbitMQ

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The real broker the tests run against.
enum TestBroker {
    static func environment(_ name: String, remedy: String) throws -> String {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
            throw MissingPeer(description: "\(name) is not set: \(remedy)")
        }
        return value
    }

    static func configuration(_ change: (inout AMQPConfiguration) -> Void = { _ in }) throws -> AMQPConfiguration {
        let url = try environment(
            "JOBS_TEST_AMQP_URL",
            remedy:
                "apt-get install rabbitmq-server, start it, then export JOBS_TEST_AMQP_URL=amqp://guest:guest@127.0.0.1:5672/"
        )
        var configuration = try AMQPConfiguration(url: url)
        configuration.connectionName = unique("test")
        change(&configuration)
        return configuration
    }

    static let logger: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()

    static func unique(_ name: String) -> String { "\(name)-\(UInt64.random(in: 0...UInt64.max))" }

    /// A queue of its own for the time of the body.
    @discardableResult
    static func withQueue<R>(
        _ arguments: AMQPTable = ["x-queue-type": "quorum"],
        _ body: (String, AMQPControl) async throws -> R
    ) async throws -> R {
        let control = AMQPControl(try configuration(), logger: logger)
        let queue = unique("rmqtest")
        do {
            try await control.declareQueue(queue, arguments: arguments)
            let result = try await body(queue, control)
            try await control.deleteQueue(queue)
            await control.close()
            return result
        } catch {
            _ = try? await control.deleteQueue(queue)
            await control.close()
            throw error
        }
    }

    @discardableResult
    static func withPublisher<R>(
        _ configuration: AMQPConfiguration? = nil,
        options: AMQPPublisher.Options = .init(),
        _ body: (AMQPPublisher) async throws -> R
    ) async throws -> R {
        let publisher = AMQPPublisher(try configuration ?? self.configuration(), options: options, logger: logger)
        do {
            try await publisher.waitUntilConnected(within: .seconds(10))
            let result = try await body(publisher)
            await publisher.close()
            return result
        } catch {
            await publisher.close()
            throw error
        }
    }

    @discardableResult
    static func withLink<R>(
        _ configuration: AMQPConfiguration? = nil,
        _ body: (AMQPConsumerLink) async throws -> R
    ) async throws -> R {
        let link = AMQPConsumerLink(try configuration ?? self.configuration(), logger: logger)
        do {
            try await link.waitUntilConnected(within: .seconds(10))
            let result = try await body(link)
            await link.close()
            return result
        } catch {
            await link.close()
            throw error
        }
    }

    static func message(_ queue: String, _ text: String, id: String? = nil) -> AMQPMessage {
        AMQPMessage(
            exchange: "",
            routingKey: queue,
            body: Array(text.utf8),
            properties: AMQPProperties(messageID: id ?? text)
        )
    }

    /// Publishes texts in order and demands their confirms.
    static func fill(_ queue: String, _ texts: [String]) async throws {
        try await withPublisher { publisher in
            for result in await publisher.publish(texts.map { message(queue, $0) }, deadline: .seconds(20)) {
                try result.get()
            }
        }
    }

    /// Ends the connections of the given name by the management API.
    static func killConnection(named name: String) async throws {
        let base = try environment(
            "JOBS_TEST_MANAGEMENT_URL",
            remedy:
                "rabbitmq-plugins enable rabbitmq_management, then export JOBS_TEST_MANAGEMENT_URL=http://guest:guest@127.0.0.1:15672"
        )
        struct Connection: Decodable {
            var name: String
            var userProvidedName: String?
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        for _ in 0..<200 {
            let listed = try await request(base, "GET", "/api/connections")
            let connections = try decoder.decode([Connection].self, from: listed)
            let found = connections.filter { $0.userProvidedName == name }
            for connection in found {
                let escaped = connection.name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                _ = try await request(base, "DELETE", "/api/connections/\(escaped)")
            }
            if !found.isEmpty { return }
            // The broker shows a connection with its next statistics; there is no signal to wait for.
            try await Task.sleep(for: .milliseconds(100))
        }
        throw MissingPeer(description: "the management API never showed the connection \(name)")
    }

    private static func request(_ base: String, _ method: String, _ path: String) async throws -> Data {
        guard var components = URLComponents(string: base) else { throw MissingPeer(description: "bad management URL") }
        let credentials = "\(components.user ?? "guest"):\(components.password ?? "guest")"
        (components.user, components.password, components.percentEncodedPath) = (nil, nil, path)
        guard let url = components.url else { throw MissingPeer(description: "bad management URL") }
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.setValue("Basic \(Data(credentials.utf8).base64EncodedString())", forHTTPHeaderField: "Authorization")
        return try await URLSession.shared.data(for: request).0
    }

    /// Runs one command of the broker's own control tool.
    static func control(_ arguments: String) async throws {
        let command = try environment(
            "JOBS_TEST_RABBITMQCTL",
            remedy:
                "export JOBS_TEST_RABBITMQCTL='rabbitmqctl' (with -n NODE, as a user that may read the broker's cookie)"
        )
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "\(command) \(arguments)"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let status = try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        guard status == 0 else { throw MissingPeer(description: "'\(command) \(arguments)' ended with \(status)") }
    }
}

struct MissingPeer: Error, CustomStringConvertible {
    let description: String
}

extension AMQPConsumer {
    /// The next `count` deliveries.
    func take(_ count: Int) async throws -> [AMQPDelivery] {
        var taken: [AMQPDelivery] = []
        while taken.count < count {
            guard let batch = await nextBatch(max: count - taken.count) else {
                throw MissingPeer(description: "the subscription ended after \(taken.count) of \(count) deliveries")
            }
            taken += batch
        }
        return taken
    }
}

extension AMQPDelivery {
    var text: String { String(decoding: body, as: UTF8.self) }
}

extension AsyncStream<AMQPLinkEvent> {
    /// Reads on until an event fits.
    func wait(for fits: (AMQPLinkEvent) -> Bool) async throws {
        for await event in self where fits(event) { return }
        throw MissingPeer(description: "the events ended without the one waited for")
    }
}

/// All that uses the broker runs one after the other: an alarm or a killed connection concerns everybody.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct WithBroker {}
