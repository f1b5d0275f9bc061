import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// A real disk that is really full.
    @Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: SmallDisk.isAvailable, "needs the right to mount"))
    struct `A full disk` {
        @Test func `under SQLite refuses enqueues with the remedy, parks the workers, and loses nothing`() async throws
        {
            let disk = try SmallDisk("\(Undertaker.shared.folder)/disk-\(UUID().uuidString.prefix(4))", megabytes: 24)
            let url = "sqlite://\(disk.folder)/jobs.db"
            let variables = ["JOBS_BROKER_URL": url, "JOBS_DATABASE_URL": url]
            let ground = try await Ground.prepare(.embedded, "full-disk", adding: variables, concurrency: 4)
            let ledger = Ledger(ground: ground)
            let worker = try ground.start(["work", "--queues", "system"], log: "worker")
            let probes = (0..<120).map { _ in Probe(job: SystemProbe(workMs: 100, record: true)) }
            #expect(try await ClientSink(ground).enqueue(probes).count == probes.count)
            try await until("some are done, and some are not") { try await ledger.effectCount() >= 10 }

            try disk.fill()
            let (refused, confirmed) = try await untilRefused(ground)
            let start = ContinuousClock.now
            let command = try ground.start(
                ["enqueue", SystemProbe.name.rawValue, "--payload", #"{"record":true}"#],
                log: "enqueue"
            )
            #expect(await command.ended() == .status(4))
            let took = ContinuousClock.now - start
            let said = try String(contentsOfFile: ground.folder + "/enqueue.log", encoding: .utf8)
            #expect(said.contains("disk is full"), "\(said)")
            #expect(took < .seconds(5))
            try await until("the worker has parked", within: .seconds(60)) {
                try String(contentsOfFile: ground.folder + "/worker.log", encoding: .utf8).contains("parked")
            }
            let before = try await ledger.effectCount()
            #expect(before < probes.count, "the disk was filled too late")

            disk.makeRoom()
            let freed = ContinuousClock.now
            let all = Set(probes.map(\.id)).union(confirmed)
            try await until("all are done", within: .seconds(60)) {
                try await ledger.finished(besides: []) >= all.count
            }
            let recovery = ContinuousClock.now - freed
            try await until("nothing is left") { try await ledger.left() == 0 }
            let effects = try await ledger.effects()
            #expect(all.isSubset(of: effects.map(\.id)))
            #expect(effects.allSatisfy { $0.attempt == 1 }, "an attempt was burned")
            #expect(try await ledger.dead() == 0)
            let verdict = try await ground.platform.store.driver.read { session throws(StoreError) in
                try session.query("pragma integrity_check").map { row throws(StoreError) in
                    try row.text("integrity_check")
                }
            }
            #expect(verdict == ["ok"])
            worker.signal(SIGTERM)
            #expect(await worker.ended() == .status(0))
            print(
                "full disk, SQLite: confirmed \(all.count), refused \(refused) with the remedy, lost 0, burned 0, "
                    + "all done \(recovery.milliseconds) ms after there was room, integrity ok"
            )
            await ground.platform.close()
        }

        /// Enqueues until nothing is taken any more: what was already allocated in the files may take some.
        private func untilRefused(_ ground: Ground) async throws -> (refused: Int, confirmed: Set<JobID>) {
            let client = JobClient(broker: ground.platform.broker, store: ground.platform.store)
            var confirmed: Set<JobID> = []
            var refused = 0
            while refused < 3 {
                let probe = SystemProbe(record: true, note: String(repeating: "x", count: 900))
                do {
                    confirmed.insert(try await client.enqueue(probe))
                } catch {
                    #expect("\(error)".contains("disk is full"), "\(error)")
                    refused += 1
                }
            }
            return (refused, confirmed)
        }
    }
}
