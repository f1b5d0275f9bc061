import Admin
import Foundation
import Logging
import Synchronization
import Testing

@testable import JobCore
@testable import Workers

/// A store with CheckIn's tables on one profile, and attempts made by hand: what workers read, write and enqueue can be
/// looked at.
struct Desk: Sendable {
    enum Profile: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case embedded, cluster

        var testDescription: String { rawValue }

        /// `JOBS_TEST_PROFILES`, both if it is not set.
        static let underTest: [Profile] = {
            let chosen = ProcessInfo.processInfo.environment["JOBS_TEST_PROFILES"] ?? "embedded,cluster"
            return chosen.split(separator: ",").compactMap { Profile(rawValue: String($0)) }
        }()
    }

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    static let repository: String = {
        var path = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { path.deleteLastPathComponent() }
        return path.path
    }()

    let store: Store
    let broker: KeptBroker

    static func with<R>(_ profile: Profile, _ body: (Desk) async throws -> R) async throws -> R {
        let folder = NSTemporaryDirectory() + "desk-\(UUID().uuidString)"
        let prefix = "t\(String(UInt64.random(in: 0...UInt64.max), radix: 36))."
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var environment: [String: String] = [:]
        switch profile {
        case .embedded:
            let url = "sqlite://\(folder)/jobs.db"
            environment = ["JOBS_BROKER_URL": url, "JOBS_DATABASE_URL": url]
        case .cluster:
            let process = ProcessInfo.processInfo.environment
            guard let broker = process["JOBS_TEST_AMQP_URL"], let database = process["JOBS_TEST_POSTGRES_URL"] else {
                throw Missing(
                    description:
                        "no nodes: scripts/nodes start, eval \"$(scripts/nodes env)\", or JOBS_TEST_PROFILES=embedded"
                )
            }
            environment = ["JOBS_BROKER_URL": broker, "JOBS_DATABASE_URL": database, "JOBS_PREFIX": prefix]
        }
        let platform = try await Platform.open(
            try PlatformConfiguration.fromEnvironment(environment),
            purpose: .change,
            families: JobRegistry.checkIn().migrations,
            logger: Logger(label: "desk") { _ in SwiftLogNoOpLogHandler() }
        )
        let result: Result<R, any Error>
        do {
            try await platform.migrate()
            try await platform.store.saveRoutes(try Manifest.load(directory: repository + "/jobs").topology)
            result = .success(try await body(Desk(store: platform.store, broker: KeptBroker())))
        } catch {
            result = .failure(error)
        }
        if profile == .cluster {
            try await platform.store.driver.migrate { session throws(StoreError) in
                try session.execute("drop schema \"\(prefix)jobs\" cascade")
            }
        }
        await platform.close()
        return try result.get()
    }

    /// One attempt.
    func context<J: Job>(
        _ type: J.Type,
        id: JobID = JobID(),
        attempt: Int = 1,
        enqueuedAt: Timestamp = .now(),
        time: Duration = .seconds(30)
    ) -> JobContext {
        JobContext(
            id: id,
            job: J.name,
            attempt: attempt,
            enqueuedAt: enqueuedAt,
            deadline: .now.advanced(by: time),
            logger: Logger(label: "desk") { _ in SwiftLogNoOpLogHandler() },
            client: JobClient(broker: broker, store: store),
            store: store
        )
    }

    func write<T: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
    ) async throws -> T {
        try await store.driver.write(body)
    }

    func messages(of id: JobID) async throws -> [MessageRecord] {
        try await write { session throws(StoreError) in try session.messages(of: id) }
    }

    func captures() async throws -> [(job: String, recipient: String, content: String)] {
        try await write { session throws(StoreError) in
            var found: [(job: String, recipient: String, content: String)] = []
            for row in try session.query(
                "select job_id, recipient, content from notification_captures order by recipient"
            ) {
                found.append(
                    (
                        try row.text("job_id"), try row.text("recipient"),
                        String(decoding: try row.payload("content", owner: "job_id"), as: UTF8.self)
                    )
                )
            }
            return found
        }
    }
}

/// A broker that keeps what is published.
final class KeptBroker: Broker {
    private let kept = Mutex<[WireMessage]>([])

    func published<J: Job>(_ type: J.Type) throws -> [(id: String, lane: String, job: J)] {
        try kept.withLock { $0 }.filter { $0.routingKey.hasPrefix(J.name.rawValue) }.map {
            (
                $0.messageID ?? "", String($0.routingKey.dropFirst(J.name.rawValue.count)),
                try PayloadCoding.decode(type, from: $0.body)
            )
        }
    }

    func publish(_ messages: [WireMessage], deadline: Duration) async -> [Result<Void, PublishError>] {
        kept.withLock { $0 += messages }
        return messages.map { _ in .success(()) }
    }
    func consume(_ queue: String, credit: Int) async throws(BrokerError) -> any Consumption { throw .stale }
    func depths(_ queues: [String]) async throws(BrokerError) -> [String: QueueDepth] { [:] }
    func plan(_ topology: Topology) async throws(BrokerError) -> [TopologyChange] { [] }
    func apply(_ changes: [TopologyChange], of topology: Topology) async throws(BrokerError) {}
    func ping() async throws(BrokerError) {}
}

/// The saved contracts and vectors of others, where they are at hand.
enum SharedData {
    static let folder: String = {
        let root = URL(filePath: Desk.repository).deletingLastPathComponent()
        return ProcessInfo.processInfo.environment["JOBS_TEST_DATA"] ?? root.appending(path: "shared/data").path
    }()

    static func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(path)") }
}
