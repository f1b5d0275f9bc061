import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// Everything in a queue was handed out when the broker died, and is handed out again.
    @Suite(.serialized, .timeLimit(.minutes(10))) struct `A redelivered backlog` {
        @Test(arguments: Ground.profiles.filter { $0 == .cluster })
        func `drains nearly as fast after a broker's restart as a fresh one`(_ profile: Profile) async throws {
            let count = Ground.isFull ? 20_000 : 2_000
            let ground = try await Ground.prepare(profile, "redelivered")
            var rates: (fresh: [Double], again: [Double]) = ([], [])
            for _ in 0..<(Ground.isFull ? 3 : 1) {
                try await enqueue(count, ground)
                rates.fresh.append(try await drain(count, ground))
                try await enqueue(count, ground)
                try await holdAllWhileTheBrokerDies(count, ground)
                rates.again.append(try await drain(count, ground))
                #expect(try await startMarks(ground) >= count * 95 / 100, "they were looked up and marked")
            }
            let (fresh, again) = (median(rates.fresh), median(rates.again))
            let share = again / fresh
            print(
                "redelivered \(profile.rawValue): \(count) recorded probes, fresh \(Int(fresh))/s, after the broker's restart "
                    + "\(Int(again))/s, share \((share * 100).rounded() / 100)"
            )
            // A machine that other tests share says little within two seconds.
            #expect(share >= (Ground.isFull ? 0.8 : 0.5))
            await ground.platform.close()
        }

        private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

        private func enqueue(_ count: Int, _ ground: Ground) async throws {
            let client = JobClient(broker: ground.platform.broker, store: ground.platform.store)
            let probes = (0..<count).map { _ in SystemProbe(record: true) }
            for result in await client.enqueue(all: probes) { _ = try result.get() }
        }

        private func holdAllWhileTheBrokerDies(_ count: Int, _ ground: Ground) async throws {
            let consumption = try await ground.platform.broker.consume("system", credit: count)
            var held = 0
            while held < count, let batch = await consumption.next() { held += batch.count }
            #expect(held == count)
            // Stopped first: or it would fetch them again itself.
            await consumption.stop()
            try await PrivateNodes.shared.command("kill-broker")
            try await PrivateNodes.shared.command("start-broker")
            await consumption.giveBack()
            try await until("all are ready again") {
                try await ground.platform.broker.depths(["system"])["system"]?.ready == count
            }
        }

        /// Jobs a second, from the first effect to the last.
        private func drain(_ count: Int, _ ground: Ground) async throws -> Double {
            try await ground.platform.store.driver.write { session throws(StoreError) in
                try session.execute("delete from probe_effects")
            }
            let ledger = Ledger(ground: ground)
            let worker = try ground.start(["work", "--no-loops", "--queues", "system"], log: "worker-\(JobID())")
            try await until("all are done", within: .seconds(120)) { try await ledger.effectCount() >= count }
            worker.signal(SIGTERM)
            #expect(await worker.ended() == .status(0))
            let rows = try await ground.platform.store.driver.read { session throws(StoreError) in
                try session.query("select min(at_ms) as first, max(at_ms) as last from probe_effects")
            }
            let took = try rows[0].int("last") - rows[0].int("first")
            return Double(count) / (Double(max(1, took)) / 1000)
        }

        private func startMarks(_ ground: Ground) async throws -> Int {
            let rows = try await ground.platform.store.driver.read { session throws(StoreError) in
                try session.query("select count(*) as n from marks where kind = 'start'")
            }
            return Int(try rows[0].int("n"))
        }
    }
}
