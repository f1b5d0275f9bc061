import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    @Suite(.serialized, .timeLimit(.minutes(15))) struct `Taking over` {
        @Test(arguments: Ground.profiles)
        func `what a killed worker held is ready for others within a second, and done once`(
            _ profile: Profile
        ) async throws {
            let ground = try await Ground.prepare(profile, "take-over")
            let ledger = Ledger(ground: ground)
            let takeOver = TakeOver(ground: ground)
            let survivor = try ground.start(["work", "--queues", "system"], log: "survivor")
            var random = SeededRandom(seed: 11)
            var durations: [Duration] = []
            var enqueued = 0
            for round in 1...3 {
                let victim = try ground.start(["work", "--no-loops", "--queues", "system"], log: "victim-\(round)")
                try await until("both fetch") {
                    try await ground.platform.broker.depths(["system"])["system"]?.consumers == 2
                }
                // None of them is done when the victim dies: each must be done by the survivor, and by it alone.
                let probes = (0..<64).map { _ in Probe(job: SystemProbe(workMs: 800, record: true)) }
                #expect(try await ClientSink(ground).enqueue(probes).count == probes.count)
                enqueued += probes.count
                let estate = try await takeOver.awaitedEstate(of: victim.pid)
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...500, using: &random)))
                let start = ContinuousClock.now
                #expect(victim.signal(SIGKILL))
                durations.append(try #require(await takeOver.duration(of: estate, from: start)))
                #expect(await victim.ended() == .signal(SIGKILL))
                try await until("all are done") { try await ledger.effectCount() >= enqueued }
            }
            survivor.signal(SIGTERM)
            #expect(await survivor.ended() == .status(0))
            let effects = try await ledger.effects()
            #expect(effects.count == enqueued && Set(effects.map(\.id)).count == enqueued)
            #expect(effects.allSatisfy { $0.attempt == 1 })
            #expect(try await ledger.dead() == 0)
            let figures = durations.map { "\($0.milliseconds)" }.joined(separator: " ")
            print("take-over \(profile.rawValue): ready for others after \(figures) ms")
            #expect(durations.allSatisfy { $0 < .seconds(1) })
            await ground.platform.close()
        }

        @Test(arguments: Ground.profiles)
        func `what a stopped worker held runs elsewhere within 21 s, and the stopped one writes nothing on waking`(
            _ profile: Profile
        ) async throws {
            let ground = try await Ground.prepare(profile, "stopped")
            let ledger = Ledger(ground: ground)
            let takeOver = TakeOver(ground: ground)
            let survivor = try ground.start(["work", "--queues", "system"], log: "survivor")
            let victim = try ground.start(["work", "--no-loops", "--queues", "system"], log: "victim")
            try await until("both fetch") {
                try await ground.platform.broker.depths(["system"])["system"]?.consumers == 2
            }
            // Half of them fail their first attempt: a retry that the stopped worker wrote late would be seen.
            let probes = (0..<32).map { number in
                Probe(job: SystemProbe(workMs: 1500, failAttempts: number % 2, record: true))
            }
            #expect(try await ClientSink(ground).enqueue(probes).count == probes.count)
            let estate = try await takeOver.awaitedEstate(of: victim.pid)
            let start = ContinuousClock.now
            #expect(victim.signal(SIGSTOP))
            let taken = try #require(await takeOver.duration(of: estate, from: start, within: .seconds(40)))
            try await until("all are done elsewhere", within: .seconds(60)) {
                guard try await ledger.left() == 0 else { return false }
                return try await ledger.finishedAttempts(of: probes) == probes.count
            }
            let before = try await ledger.effects().count
            #expect(victim.signal(SIGCONT))
            try await until("it beats again") { try await ledger.areUp(1, of: [victim.pid]) }
            victim.signal(SIGTERM)
            survivor.signal(SIGTERM)
            #expect(await victim.ended() == .status(0))
            #expect(await survivor.ended() == .status(0))
            let effects = try await ledger.effects()
            #expect(effects.count == before, "the stopped worker wrote after waking")
            #expect(Dictionary(grouping: effects, by: \.self).allSatisfy { $0.value.count == 1 })
            #expect(try await ledger.left() == 0)
            #expect(try await ledger.dead() == 0)
            print("stopped \(profile.rawValue): its jobs were free after \(taken.milliseconds) ms, late writes 0")
            #expect(taken <= .seconds(21))
            await ground.platform.close()
        }
    }
}

extension TakeOver {
    /// Waits until the worker holds something.
    fileprivate func awaitedEstate(of pid: pid_t) async throws -> Estate {
        var found: Estate?
        try await until("the victim holds jobs") {
            found = await estate(of: pid)
            return found != nil
        }
        guard let found else { throw StageError("the victim holds nothing") }
        return found
    }
}
