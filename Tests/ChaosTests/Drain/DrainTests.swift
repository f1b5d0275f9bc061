import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    @Suite(.serialized, .timeLimit(.minutes(15))) struct `Draining` {
        struct Case: Sendable, CustomTestStringConvertible {
            let profile: Profile
            let signal: Int32
            var testDescription: String { "\(profile.rawValue), \(signal == SIGTERM ? "SIGTERM" : "SIGINT")" }
        }

        static let cases = Ground.profiles.flatMap { profile in
            [SIGTERM, SIGINT].map { Case(profile: profile, signal: $0) }
        }

        @Test(arguments: cases)
        func `a signal under load burns no attempt, kills no job and ends within the grace period`(
            _ drain: Case
        ) async throws {
            let ground = try await Ground.prepare(drain.profile, "drain")
            let ledger = Ledger(ground: ground)
            var mix = ProbeMix(work: 100...300, seed: 7, failures: false, delays: false)
            let probes = mix.next(800)
            #expect(try await ClientSink(ground).enqueue(probes).count == probes.count)

            let first = try ground.start(["work", "--queues", "system", "--grace", "8s"], log: "first")
            try await until("fifty jobs are done") { try await ledger.effectCount() >= 50 }
            #expect(await Backlog(ground).measure() >= 500)
            let start = ContinuousClock.now
            first.signal(drain.signal)
            #expect(await first.ended() == .status(0))
            let taken = ContinuousClock.now - start
            #expect(taken < .seconds(9))

            let done = try await ledger.effects()
            let left = try await ledger.left()
            #expect(left >= 500)
            #expect(done.count + left == probes.count, "what was not done is back in its queue")
            #expect(try await ledger.waiting() == 0)
            #expect(try await ledger.dead() == 0)

            let second = try ground.start(["work", "--queues", "system"], log: "second")
            try await until("the rest is done") { try await ledger.effectCount() >= probes.count }
            second.signal(SIGTERM)
            #expect(await second.ended() == .status(0))
            let effects = try await ledger.effects()
            #expect(effects.count == probes.count && Set(effects.map(\.id)).count == probes.count, "each job once")
            #expect(effects.allSatisfy { $0.attempt == 1 })
            #expect(try await ledger.left() == 0)
            #expect(try await ledger.dead() == 0)
            print(
                "drain \(drain.testDescription): ended in \(taken.milliseconds) ms, \(done.count) done, \(left) left to others"
            )
            await ground.platform.close()
        }

        @Test(arguments: Ground.profiles)
        func `an operator's word drains the processes of a build, and no other`(_ profile: Profile) async throws {
            let ground = try await Ground.prepare(profile, "drain-build", adding: ["JOBS_BUILD": "old"])
            let newer = ground.changed(["JOBS_BUILD": "new"])
            let ledger = Ledger(ground: ground)
            let probes = (0..<200).map { _ in Probe(job: SystemProbe(workMs: 100, record: true)) }
            #expect(try await ClientSink(ground).enqueue(probes).count == probes.count)
            let old = try (0..<2).map { try ground.start(["work", "--queues", "system"], log: "old-\($0)") }
            let new = try newer.start(["work", "--queues", "system"], log: "new")
            try await until("all are up") { try await ledger.areUp(3, of: (old + [new]).map(\.pid)) }
            let answer = "\(ground.folder)/drained"
            let asked = try ground.start(
                ["worker", "drain", "--build", "old", "--yes", "--json"],
                log: "drain",
                output: answer
            )
            #expect(await asked.ended() == .status(0))
            for child in old { #expect(await child.ended() == .status(0)) }
            #expect(new.isRunning)
            try await until("all are done") { try await ledger.effectCount() >= probes.count }
            let effects = try await ledger.effects()
            #expect(effects.count == probes.count && effects.allSatisfy { $0.attempt == 1 })
            new.signal(SIGTERM)
            #expect(await new.ended() == .status(0))
            await ground.platform.close()
        }

        @Test(arguments: Ground.profiles.filter { $0 == .cluster })
        func `a daemon that still waits for its broker ends with the signal, and well`(_ profile: Profile) async throws
        {
            let ground = try await Ground.prepare(profile, "drain-early")
            let nowhere = try FreePort.take()
            let early = ground.changed(["JOBS_BROKER_URL": "amqp://jobs:jobs@127.0.0.1:\(nowhere)/jobs"])
            for command in [["scheduler"], ["work"], ["serve", "--listen", "127.0.0.1:0"]] {
                let child = try early.start(command, log: command[0])
                try await until("it waits") {
                    try String(contentsOfFile: "\(ground.folder)/\(command[0]).log", encoding: .utf8)
                        .contains("broker not reachable")
                }
                child.signal(SIGTERM)
                #expect(await child.ended() == .status(0), "\(command[0])")
            }
            await ground.platform.close()
        }

        @Test(arguments: Ground.profiles)
        func `a job that outlasts the grace period goes back uncharged`(_ profile: Profile) async throws {
            let ground = try await Ground.prepare(profile, "grace")
            let ledger = Ledger(ground: ground)
            let probe = Probe(job: SystemProbe(workMs: 5000, record: true))
            #expect(try await ClientSink(ground).enqueue([probe]) == [probe.id])
            let first = try ground.start(["work", "--queues", "system", "--grace", "1s"], log: "first")
            try await runs(probe, ground)
            let start = ContinuousClock.now
            first.signal(SIGTERM)
            #expect(await first.ended() == .status(0))
            #expect(ContinuousClock.now - start < .seconds(4))
            #expect(try await ledger.effectCount() == 0)
            #expect(try await ledger.left() == 1)
            try await finishesOnce(probe, ground)
            await ground.platform.close()
        }

        @Test(arguments: Ground.profiles)
        func `a second signal ends the process at once, and its job runs again`(_ profile: Profile) async throws {
            let ground = try await Ground.prepare(profile, "second-signal")
            let probe = Probe(job: SystemProbe(workMs: 5000, record: true))
            #expect(try await ClientSink(ground).enqueue([probe]) == [probe.id])
            let first = try ground.start(["work", "--queues", "system"], log: "first")
            try await runs(probe, ground)
            first.signal(SIGTERM)
            try await until("it says that it drains") {
                try String(contentsOfFile: ground.folder + "/first.log", encoding: .utf8).contains("draining")
            }
            // Within half a second of the first it counts as the same signal, sent to the process and to its group.
            try await Task.sleep(for: .milliseconds(700))
            #expect(first.isRunning, "the job is not done yet")
            let start = ContinuousClock.now
            first.signal(SIGTERM)
            #expect(await first.ended() == .status(128 + SIGTERM))
            #expect(ContinuousClock.now - start < .seconds(1))
            #expect(try await Ledger(ground: ground).effectCount() == 0)
            try await finishesOnce(probe, ground)
            await ground.platform.close()
        }

        private func runs(_ probe: Probe, _ ground: Ground) async throws {
            try await until("a heartbeat shows the job at work") {
                try await ground.platform.store.workers().flatMap(\.running).contains { $0.id == probe.id.description }
            }
        }

        /// A second worker does it, in the same attempt.
        private func finishesOnce(_ probe: Probe, _ ground: Ground) async throws {
            let ledger = Ledger(ground: ground)
            let second = try ground.start(["work", "--queues", "system"], log: "second")
            try await until("the job is done") { try await ledger.effectCount() > 0 }
            second.signal(SIGTERM)
            #expect(await second.ended() == .status(0))
            #expect(try await ledger.effects() == [Effect(id: probe.id, attempt: 1)])
            #expect(try await ledger.left() == 0)
            #expect(try await ledger.dead() == 0)
        }
    }
}
