import Embedded
import Foundation
import JobCore
import Logging

/// A store in a folder of its own. All of them are removed when the test process ends.
struct TemporaryStore {
    let folder: String
    var path: String { "\(folder)/jobs.db" }

    private static let root: String = {
        let root = NSTemporaryDirectory() + "embedded-tests-\(getpid())"
        atexit { try? FileManager.default.removeItem(atPath: NSTemporaryDirectory() + "embedded-tests-\(getpid())") }
        return root
    }()

    init() throws {
        folder = "\(TemporaryStore.root)/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    func open(_ change: (inout DatabaseSettings) -> Void = { _ in }) async throws -> EmbeddedDatabase {
        var settings = DatabaseSettings(path: path)
        change(&settings)
        return try await EmbeddedDatabase.open(settings)
    }

    /// With one table `t(id integer primary key, n integer not null unique)`.
    func openWithTable(_ change: (inout DatabaseSettings) -> Void = { _ in }) async throws -> EmbeddedDatabase {
        let database = try await open(change)
        try await database.migrate { session throws(StoreError) in
            try session.execute("create table if not exists t (id integer primary key, n integer not null unique)")
        }
        return database
    }

    /// With the broker's tables and the routes table of the store.
    func openBroker() async throws -> EmbeddedBroker {
        let database = try await open()
        try await database.migrate { session throws(StoreError) in
            try EmbeddedBroker.schema(session)
            try session.execute(
                "create table if not exists routes (routing_key text primary key, job text, queue text, lane text)"
            )
        }
        return try TemporaryStore.broker(on: database)
    }

    static func broker(on database: EmbeddedDatabase) throws -> EmbeddedBroker {
        let process = try ProcessLock(WorkerLocks(of: database))
        return EmbeddedBroker(database: database, process: process, logger: Logger(label: "embedded-tests"))
    }
}

extension EmbeddedDatabase {
    func insert(_ n: Int) async throws(StoreError) {
        _ = try await write { session throws(StoreError) in
            try session.execute("insert into t (n) values (:n)", ["n": .int(n)])
        }
    }

    func number(_ sql: String) async throws(StoreError) -> Int64 {
        try await read { session throws(StoreError) in
            guard let row = try session.query(sql).first else { throw .decoding("no row") }
            return try row.int("n")
        }
    }
}

extension Topology {
    static func system(limit: Int? = nil, lanes: [Lane] = [.normal]) -> Topology {
        let name: JobName = "system.probe"
        var routes = lanes.map { lane in
            Route(routingKey: "\(name).\(lane.rawValue)", job: name, address: QueueAddress("system", lane))
        }
        routes.append(Route(routingKey: name.rawValue, job: name, address: QueueAddress("system")))
        return Topology(queues: [Queue(name: "system", lanes: lanes, maximumLength: limit)], routes: routes)
    }
}

extension EmbeddedBroker {
    func declare(_ topology: Topology) async throws {
        try await apply(try await plan(topology), of: topology)
    }

    /// Messages with the numbers as bodies; the results.
    @discardableResult
    func publish(_ numbers: some Sequence<Int>) async -> [Result<Void, PublishError>] {
        await publish(numbers.map(WireMessage.probe), deadline: .seconds(5))
    }
}

extension WireMessage {
    static func probe(_ number: Int) -> WireMessage {
        WireMessage(routingKey: "system.probe", body: Array("\(number)".utf8), messageID: JobID().description)
    }

    var number: Int { Int(String(decoding: body, as: UTF8.self)) ?? -1 }
}

/// The typed error of a call, nil when it succeeded.
func outcome<E: Error>(_ body: () async throws(E) -> Void) async -> E? {
    do throws(E) {
        try await body()
        return nil
    } catch {
        return error
    }
}

/// The value at a share of sorted durations, in milliseconds.
func percentile(_ share: Double, _ durations: [Duration]) -> Double {
    let sorted = durations.sorted()
    guard let last = sorted.last else { return .nan }
    let index = Int(Double(sorted.count) * share)
    return (index < sorted.count ? sorted[index] : last).seconds * 1000
}
