import Foundation
import Testing

@testable import RabbitMQ

extension WithBroker {
    /// Against the private broker's TLS listener, whose certificate is for `localhost` and of an authority of its own.
    @Suite struct Encrypted {
        private static func file(_ name: String) throws -> String {
            let folder = try TestBroker.environment("JOBS_TEST_TLS_DIR", remedy: "run scripts/test")
            return "\(folder)/\(name)"
        }

        private static func configuration(
            authority: String? = "authority.pem",
            client: String? = nil,
            external: Bool = false,
            _ change: (inout AMQPConfiguration) -> Void = { _ in }
        ) throws -> AMQPConfiguration {
            let url = try TestBroker.environment("JOBS_TEST_AMQPS_URL", remedy: "run scripts/test")
            var configuration = try AMQPConfiguration(url: url)
            configuration.tls?.authorityFile = try authority.map(file)
            configuration.tls?.certificateFile = try client.map { try file("\($0).pem") }
            configuration.tls?.keyFile = try client.map { try file("\($0).key") }
            configuration.tls?.external = external
            configuration.connectionName = TestBroker.unique("tls")
            configuration.handshakeTimeout = .seconds(2)
            change(&configuration)
            return configuration
        }

        /// Why the first attempt failed; nil when it did not.
        private func refusal(of configuration: AMQPConfiguration) async throws -> String? {
            let publisher = AMQPPublisher(configuration, logger: TestBroker.logger)
            try await publisher.start()
            var reason: String?
            events: for await event in publisher.events {
                switch event {
                case .connectFailed(let text, _):
                    reason = text
                    break events
                case .connected: break events
                default: continue
                }
            }
            await publisher.close()
            if let reason { #expect(!reason.contains(configuration.password) && !reason.contains("PRIVATE")) }
            return reason
        }

        @Test func `messages of any size go both ways`() async throws {
            try await TestBroker.withQueue { queue, _ in
                let configuration = try Self.configuration()
                var large = TestBroker.message(queue, "large")
                large.body = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                let small = (0..<200).map { TestBroker.message(queue, "m\($0)") }
                try await TestBroker.withPublisher(configuration) { publisher in
                    for result in await publisher.publish([large] + small, deadline: .seconds(20)) { try result.get() }
                }
                try await TestBroker.withLink(configuration) { link in
                    let consumer = try await link.consume(queue: queue, prefetch: 50)
                    let first = try await consumer.take(1)
                    #expect(first[0].body == large.body)
                    await consumer.acknowledge(first.map(\.tag))
                    var texts: [String] = []
                    while texts.count < small.count {
                        let batch = try await consumer.take(1)
                        texts += batch.map(\.text)
                        await consumer.acknowledge(batch.map(\.tag))
                    }
                    #expect(texts == (0..<200).map { "m\($0)" })
                }
            }
        }

        @Test func `a client certificate logs in without a password`() async throws {
            let configuration = try Self.configuration(client: "client", external: true) {
                ($0.user, $0.password) = ("nobody", "wrong")
            }
            #expect(!"\(configuration)".contains("nobody"))
            try await TestBroker.withQueue { queue, control in
                try await TestBroker.withPublisher(configuration) { publisher in
                    try await publisher.publish(TestBroker.message(queue, "m"), deadline: .seconds(10))
                }
                #expect(try await control.passiveDeclare(queue)?.messages == 1)
            }
        }

        @Test func `a broker of an authority that is not trusted is refused, before the password is sent`() async throws
        {
            for authority in ["stranger.pem", nil] {
                let reason = try await refusal(of: try Self.configuration(authority: authority))
                #expect(reason?.contains("verification") == true, "\(reason ?? "connected")")
            }
        }

        @Test func `a broker with another name is refused`() async throws {
            let configuration = try Self.configuration { $0.endpoints[0].host = "127.0.0.1" }
            let reason = try await refusal(of: configuration)
            #expect(reason?.contains("hostname") == true, "\(reason ?? "connected")")
        }

        @Test func `the broker refuses a client of another authority, and who has no certificate to log in by`()
            async throws
        {
            #expect(try await refusal(of: try Self.configuration(client: "stranger-client")) != nil)
            #expect(try await refusal(of: try Self.configuration(external: true)) != nil)
        }

        @Test func `files that are no certificate and no key are told by their name`() async throws {
            let authority = try await refusal(of: try Self.configuration { $0.tls?.authorityFile = "/dev/null" })
            #expect(authority?.contains("/dev/null") == true, "\(authority ?? "connected")")
            let key = try await refusal(of: try Self.configuration(client: "client") { $0.tls?.keyFile = "/dev/null" })
            #expect(key?.contains("client.pem") == true, "\(key ?? "connected")")
        }

        @Test func `plain AMQP to the encrypted port, and TLS to the plain one, fail in their time`() async throws {
            let start = ContinuousClock.now
            #expect(try await refusal(of: try Self.configuration { $0.tls = nil }) != nil)
            let plain = try TestBroker.configuration().endpoints[0].port
            #expect(try await refusal(of: try Self.configuration { $0.endpoints[0].port = plain }) != nil)
            #expect(ContinuousClock.now - start < .seconds(8))
        }

        @Test func `nothing older than TLS 1.2 is spoken`() async throws {
            // The newer one gets as far as AMQP, which that peer does not speak.
            for (version, isRefused) in [("-tls1_1", true), ("-tls1_2", false)] {
                let peer = try TLSPeer(version, in: try Self.file(""))
                defer { peer.stop() }
                let port = try await peer.port()
                let configuration = try Self.configuration {
                    $0.endpoints = [.init(host: "localhost", port: port)]
                    $0.handshakeTimeout = .milliseconds(500)
                }
                let reason = try #require(try await refusal(of: configuration))
                #expect(reason.contains("SSL") == isRefused, "\(version): \(reason)")
            }
        }
    }
}

/// `openssl s_server` with the broker's certificate and one version of TLS.
private final class TLSPeer: Sendable {
    private let process = Process()
    private let output = Pipe()

    init(_ version: String, in folder: String) throws {
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "s_server", "-accept", "127.0.0.1:0", "-key", "server.key", "-cert", "server.pem", version, "-cipher",
            "ALL:@SECLEVEL=0",
        ]
        process.currentDirectoryURL = URL(filePath: folder)
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = Pipe()
        try process.run()
    }

    /// Said once it listens: `ACCEPT 127.0.0.1:40123`.
    func port() async throws -> UInt16 {
        let lines = AsyncStream<String> { sink in
            output.fileHandleForReading.readabilityHandler = { handle in
                let bytes = handle.availableData
                if bytes.isEmpty { return sink.finish() }
                for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") { sink.yield(String(line)) }
            }
        }
        defer { output.fileHandleForReading.readabilityHandler = nil }
        for await line in lines where line.hasPrefix("ACCEPT ") {
            if let port = line.split(separator: ":").last.flatMap({ UInt16($0) }) { return port }
        }
        throw MissingPeer(description: "openssl s_server did not start: is openssl installed?")
    }

    func stop() { process.terminate() }
}
