import Admin
import Foundation
import JobCore
import Synchronization
import Testing

extension Chaos {
    /// Jobs that leave a producer's database: on the cluster alone, the embedded profile has no outbox.
    @Suite(.serialized, .timeLimit(.minutes(20)), .enabled(if: Ground.profiles.contains(.cluster)))
    struct `Outbox` {
        @Test func `every job that was committed is delivered, and none that was rolled back, whoever is killed`()
            async throws
        {
            let (wanted, kills) = Ground.isFull ? (100_000, 10) : (5_000, 2)
            let ground = try await Ground.prepare(.cluster, "outbox", concurrency: 32)
            try await ground.install()
            let crew = Crew(ground)
            await crew.hire(workers: 2, schedulers: 2)
            try await until("they fetch") {
                try await ground.platform.broker.depths(["system"])["system"]?.consumers == 2
            }
            let producer = OutboxProducer(ground: ground)
            async let committed = producer.commit(wanted)
            async let killed = self.kill(kills, crew, ground)
            let (jobs, deaths) = (try await committed, try await killed)
            let ledger = Ledger(ground: ground)
            try await until("all are done", within: .seconds(300)) {
                try await ledger.finished(besides: []) >= jobs.count
            }
            try await until("the outbox is empty") {
                try await ground.platform.outboxes[0].status()?.rows == 0
            }
            _ = try await crew.dismiss()
            let effects = Set(try await ledger.effects().map(\.id))
            print(
                "outbox: \(jobs.count) committed and delivered, lost \(jobs.subtracting(effects).count), "
                    + "\(producer.rolledBack) rolled back, delivered of them \(effects.subtracting(jobs).count), "
                    + "kills of relays \(deaths.relays), of the broker \(deaths.brokers)"
            )
            #expect(effects == jobs)
            #expect(try await ledger.dead() == 0)
            await ground.platform.close()
        }

        private func kill(_ count: Int, _ crew: Crew, _ ground: Ground) async throws -> (relays: Int, brokers: Int) {
            var random = SeededRandom(seed: 3)
            var relays = 0
            for number in 0..<count {
                try await Task.sleep(for: .milliseconds(Int.random(in: 500...1500, using: &random)))
                if let pid = await crew.someone(.scheduler, using: &random), await crew.kill(pid) { relays += 1 }
                // A queue younger than some seconds is the broker's own weakness, and not tried here.
                if number == 0 { try await Task.sleep(for: .seconds(4)) }
                try await PrivateNodes.shared.command("kill-broker")
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...1000, using: &random)))
                try await PrivateNodes.shared.command("start-broker")
            }
            return (relays, count)
        }

        @Test func `who may enqueue needs nothing but the function, and a mistake is told in his transaction`()
            async throws
        {
            let ground = try await Ground.prepare(.cluster, "outbox-rights")
            let role = "caller_\(UUID().uuidString.prefix(8).lowercased())"
            let driver = ground.platform.outboxes[0].driver
            try await driver.write { session throws(StoreError) in try session.execute("create role \"\(role)\"") }
            try await ground.install(granting: role)
            @Sendable func call(_ name: String, _ payload: String, _ options: String) async -> String {
                do throws(StoreError) {
                    return try await driver.write { session throws(StoreError) in
                        try session.execute("set local role \"\(role)\"")
                        return try session.attempt(name, payload, options)
                    }
                } catch {
                    return "\(error)"
                }
            }
            let id = "0192f0c1-0000-7000-8000-00000000000a"
            #expect(await call("system.probe", #"{"work_ms": 1}"#, #"{"id": "\#(id)"}"#) == id)
            let made = await call("system.probe", "{}", #"{"delay_ms": 5, "lane": "bulk", "traceparent": null}"#)
            #expect(JobID(made) != nil)
            let large = #"{"note": "\#(String(repeating: "x", count: 1 << 20))"}"#
            for (name, payload, options, reason) in [
                ("nonsense", "{}", "{}", "is not a job name"), ("a.b.high", "{}", "{}", "is not a job name"),
                ("system.probe", large, "{}", "at most 1048576"), ("system.probe", "{}", "[]", "no object"),
                ("system.probe", "{}", #"{"delay": 5}"#, "unknown option delay"),
                ("system.probe", "{}", #"{"delay_ms": "5"}"#, "whole number"),
                ("system.probe", "{}", #"{"delay_ms": -1}"#, "whole number"),
                ("system.probe", "{}", #"{"delay_ms": 99999999999}"#, "0 to 31622400000"),
                ("system.probe", "{}", #"{"id": "42"}"#, "must be a UUID"),
                ("system.probe", "{}", #"{"lane": "fast"}"#, "high, normal, bulk"),
                ("system.probe", "{}", #"{"debounce_key": "k"}"#, "lacks its partner"),
                ("system.probe", "{}", #"{"debounce_ms": 5}"#, "lacks its partner"),
                (
                    "system.probe", "{}", #"{"unique_key": "k", "unique_mode": "ever"}"#,
                    "until_started, until_done, window"
                ),
                (
                    "system.probe", "{}", #"{"unique_key": "k", "throttle_key": "k", "throttle_ms": 5}"#,
                    "either debounced, throttled or unique"
                ),
            ] {
                let answer = await call(name, payload, options)
                #expect(answer.contains(reason), "\(name) \(options): \(answer)")
            }
            let forbidden = await failure {
                try await driver.write { session throws(StoreError) in
                    try session.execute("set local role \"\(role)\"")
                    _ = try session.query("select 1 as one from outbox limit 1")
                }
            }
            #expect(forbidden?.contains("42501") == true, "\(forbidden ?? "allowed")")
            #expect(try await ground.platform.outboxes[0].status()?.rows == 2)
            let status = try ground.start(["outbox", "status", "--json"], log: "status")
            #expect(await status.ended() == .status(0))
            let told = try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(filePath: ground.folder + "/status.log"))
            )
            let row = try #require((told as? [[String: Any]])?.first)
            #expect(row.keys.sorted() == ["database", "oldest_age_seconds", "on_their_way", "rows", "state"])
            #expect(row["rows"] as? Int == 2)
            // The one that asked for no delay could run now: it counts for its lane's lag, and no loop is there to move it.
            let lag = try ground.start(["lag", "--queue", "system", "--max", "1ms", "--json"], log: "lag")
            #expect(await lag.ended() == .status(3))
            let lanes = try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(filePath: ground.folder + "/lag.log"))
            )
            let normal = (lanes as? [[String: Any]])?.first { $0["lane"] as? String == "normal" }
            #expect(normal?["overdue"] as? Int == 1)
            try await driver.write { session throws(StoreError) in
                try session.execute("drop owned by \"\(role)\"")
                try session.execute("drop role \"\(role)\"")
            }
            await ground.platform.close()
        }

        @Test func `a person's rows that no relay has taken go with privacy erase, and no others`() async throws {
            let ground = try await Ground.prepare(.cluster, "outbox-erase")
            try await ground.install()
            let driver = ground.platform.outboxes[0].driver
            try await driver.write { session throws(StoreError) in
                for note in ["for ana@example.com", "for rui@example.com", "ana@example.com again"] {
                    _ = try session.attempt("system.probe", #"{"note": "\#(note)"}"#, "{}")
                }
                // As a relay does that is about to publish.
                try session.execute(
                    """
                    update outbox set claimed_until = cast(extract(epoch from clock_timestamp()) * 1000 as bigint) + 60000
                    where payload like '%again%'
                    """
                )
            }
            let shell = OperatorShell(ground: ground)
            let dry = try await shell.run("privacy", "erase", "--subject", "ana@example.com", "--dry-run", "--json")
            #expect(dry.object["outbox"] as? Int == 2)
            let erased = try await shell.run("privacy", "erase", "--subject", "ana@example.com", "--yes", "--json")
            #expect(erased.object["outbox"] as? Int == 1, "what a relay holds is on its way, and the answer says so")
            let left = try await driver.read { session throws(StoreError) in
                try session.query("select payload from outbox order by seq")
                    .map { row throws(StoreError) in try row.text("payload") }
            }
            #expect(left.count == 2 && left.allSatisfy { !$0.contains("for ana") })
            await ground.platform.close()
        }

        private func failure(_ body: () async throws -> Void) async -> String? {
            do {
                try await body()
                return nil
            } catch {
                return "\(error)"
            }
        }
    }
}

/// An API that enqueues in its own transactions, of which every fifth is rolled back.
private final class OutboxProducer: Sendable {
    private static let slice = 100
    let ground: Ground

    init(ground: Ground) {
        self.ground = ground
    }

    private let undone = Tally()

    var rolledBack: Int { undone.count }

    func commit(_ wanted: Int) async throws -> Set<JobID> {
        let driver = ground.platform.outboxes[0].driver
        var committed: Set<JobID> = []
        var number = 0
        while committed.count < wanted {
            number += 1
            let isUndone = number % 5 == 0
            let ids = (0..<Self.slice).map { _ in JobID() }
            let isCommitted = try await driver.write { session throws(StoreError) in
                try session.execute("savepoint before_all")
                for id in ids { _ = try session.enqueue("system.probe", #"{"record": true}"#, #"{"id": "\#(id)"}"#) }
                if isUndone { try session.execute("rollback to savepoint before_all") }
                return !isUndone
            }
            if isCommitted { committed.formUnion(ids) } else { undone.add(ids.count) }
        }
        return committed
    }
}

private final class Tally: Sendable {
    private let value = Mutex(0)
    var count: Int { value.withLock { $0 } }
    func add(_ more: Int) { value.withLock { $0 += more } }
}

extension SQLSession {
    fileprivate func enqueue(_ name: String, _ payload: String, _ options: String) throws(StoreError) -> String {
        let row = try query(
            "select cast(enqueue(:name, cast(:payload as jsonb), cast(:options as jsonb)) as text) as id",
            ["name": .text(name), "payload": .text(payload), "options": .text(options)]
        ).first
        guard let row else { throw .decoding("no answer") }
        return try row.text("id")
    }
}

extension SQLSession {
    /// The id, or what the caller's program is told: our own client keeps the server's words to itself.
    fileprivate func attempt(_ name: String, _ payload: String, _ options: String) throws(StoreError) -> String {
        try execute(
            """
            create or replace function pg_temp.attempt(name text, payload jsonb, options jsonb) returns text
                language plpgsql as $$
            begin
                return enqueue(name, payload, options)::text;
            exception when others then
                return sqlerrm;
            end $$
            """
        )
        let row = try query(
            "select pg_temp.attempt(:name, cast(:payload as jsonb), cast(:options as jsonb)) as answer",
            ["name": .text(name), "payload": .text(payload), "options": .text(options)]
        ).first
        guard let row else { throw .decoding("no answer") }
        return try row.text("answer")
    }
}

extension Ground {
    /// `jobctl outbox install`, as an operator types it.
    fileprivate func install(granting role: String? = nil) async throws {
        let arguments = ["outbox", "install"] + (role.map { ["--grant", $0] } ?? [])
        let child = try start(arguments, log: "install")
        guard await child.ended() == .status(0) else {
            throw StageError(try String(contentsOfFile: folder + "/install.log", encoding: .utf8))
        }
    }
}
