import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    @Suite(.serialized, .timeLimit(.minutes(15))) struct `Debounced` {
        private struct Plan {
            var keys = 20
            var events = 300
            var seconds = 4.0
            var wait: Duration = .milliseconds(800)
            var longest: Duration = .seconds(2)

            static let full = Plan(keys: 100, events: 1_000, seconds: 10, wait: .seconds(2), longest: .seconds(5))

            /// As many as fit into the time at the longest wait, and one for what comes at the very end.
            var runs: ClosedRange<Int> {
                let whole = Int(seconds / longest.seconds)
                return whole...(whole + 1)
            }
        }

        @Test(arguments: Ground.profiles)
        func `a stream of events runs now and then, with the last payload last, while workers die`(
            _ profile: Profile
        ) async throws {
            let plan = Ground.isFull ? Plan.full : Plan()
            let ground = try await Ground.prepare(profile, "debounce")
            let crew = Crew(ground)
            await crew.hire(workers: 2, schedulers: 2)
            try await until("they fetch") {
                try await ground.platform.broker.depths(["system"])["system"]?.consumers == 2
            }
            let killer = Task {
                var random = SeededRandom(seed: 7)
                var killed = 0
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(1))
                    // Whoever works and whoever promotes, in turn twice as often the first.
                    let role: Crew.Role = killed % 3 == 2 ? .scheduler : .worker
                    if let pid = await crew.someone(role, using: &random), await crew.kill(pid) { killed += 1 }
                }
                return killed
            }
            let (took, results) = try await enqueue(plan, ground)
            let ledger = Ledger(ground: ground)
            try await until("nothing waits or is ready") {
                guard try await ledger.isEverythingOver() else { return false }
                let runs = try await ledger.runs()
                return (0..<plan.keys).allSatisfy { runs["key-\($0)"]?.last == plan.events - 1 }
            }
            killer.cancel()
            let killed = await killer.value
            // One that was born a moment ago may not heed the signal yet: how daemons end is another test's matter.
            _ = try await crew.dismiss()
            #expect(await crew.crashes.isEmpty)
            let runs = try await ledger.runs()
            let counts = (0..<plan.keys).map { runs["key-\($0)"]?.jobs ?? 0 }
            print(
                "debounce \(profile.rawValue): \(plan.keys) keys, \(plan.events) events each over \(took.seconds) s, "
                    + "\(results.coalesced) coalesced, runs a key \(counts.min() ?? 0)…\(counts.max() ?? 0), "
                    + "processes killed \(killed)"
            )
            #expect(results.enqueued + results.coalesced == plan.keys * plan.events)
            // A machine that could not keep up gave the stream more time, and so more runs.
            let allowed =
                plan.runs
                .lowerBound...(plan.runs.upperBound + Int((took.seconds - plan.seconds) / plan.longest.seconds))
            #expect(counts.allSatisfy { allowed.contains($0) }, "\(counts)")
            #expect(try await ledger.dead() == 0)
            await ground.platform.close()
        }

        /// Each key's events one after the other, in batches of a tenth of a second.
        private func enqueue(
            _ plan: Plan,
            _ ground: Ground
        ) async throws -> (took: Duration, results: (enqueued: Int, coalesced: Int)) {
            let client = JobClient(broker: ground.platform.broker, store: ground.platform.store)
            let rounds = Int(plan.seconds * 10)
            let start = ContinuousClock.now
            var (enqueued, coalesced) = (0, 0)
            for round in 0..<rounds {
                let events = (plan.events * round / rounds)..<(plan.events * (round + 1) / rounds)
                var requests: [EnqueueRequest] = []
                for event in events {
                    for key in 0..<plan.keys {
                        let job = SystemProbe(record: true, note: "key-\(key):\(event)")
                        requests.append(
                            EnqueueRequest(
                                job: SystemProbe.name,
                                payload: try PayloadCoding.encode(job),
                                options: [.debounce("key-\(key)", plan.wait, max: plan.longest)]
                            )
                        )
                    }
                }
                for result in await client.enqueue(requests) {
                    switch try result.get().result {
                    case .enqueued: enqueued += 1
                    case .coalesced: coalesced += 1
                    case .duplicate: Issue.record("a debounced job is no duplicate")
                    }
                }
                let next = start.advanced(by: .seconds(plan.seconds * Double(round + 1) / Double(rounds)))
                try await Task.sleep(until: next)
            }
            return (start.duration(to: .now), (enqueued, coalesced))
        }
    }
}

extension Ledger {
    fileprivate struct Runs {
        /// Different jobs; the death of a worker may let one run twice.
        var jobs = 0
        /// Number of the event whose effect is the youngest.
        var last = -1
    }

    /// By key, from the notes of the effects.
    fileprivate func runs() async throws -> [String: Runs] {
        let rows = try await ground.platform.store.driver.read { session throws(StoreError) in
            try session.query("select job_id, note from probe_effects order by at_ms")
        }
        var runs: [String: Runs] = [:]
        var seen: Set<String> = []
        for row in rows {
            let parts = try row.text("note").split(separator: ":")
            guard parts.count == 2, let event = Int(parts[1]) else { continue }
            let key = String(parts[0])
            if seen.insert(try row.text("job_id")).inserted { runs[key, default: Runs()].jobs += 1 }
            runs[key, default: Runs()].last = event
        }
        return runs
    }

    fileprivate func isEverythingOver() async throws -> Bool {
        let depth = try await ground.platform.broker.depths(["system"])["system"]?.ready ?? 0
        let rows = try await ground.platform.store.driver.read { session throws(StoreError) in
            try session.query("select count(*) as n from waiting")
        }
        return try depth == 0 && rows.first?.int("n") == 0
    }
}
