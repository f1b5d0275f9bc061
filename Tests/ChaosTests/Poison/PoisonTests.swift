import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    @Suite(.serialized, .timeLimit(.minutes(60))) struct `Blame` {
        @Test(arguments: Ground.profiles)
        func `a job that kills its process is dead at its third death, the last of them alone`(
            _ profile: Profile
        ) async throws {
            let ground = try await Ground.prepare(profile, "third-death", adding: PoisonPlan.environment)
            let ledger = Ledger(ground: ground)
            let poison = Probe(job: SystemProbe(outcome: .crash, record: true))
            #expect(try await ClientSink(ground).enqueue([poison]) == [poison.id])
            let crew = Crew(ground)
            await crew.hire(workers: 1, schedulers: 0)
            try await until("it is dead") { try await ledger.letters().count == 1 }
            #expect(try await crew.dismiss() == [.status(0)])
            #expect(await crew.crashes == [SIGABRT, SIGABRT])
            let letter = try #require(try await ledger.letters().first)
            #expect(letter.id == poison.id && letter.error == "poison" && letter.attempts == 1)
            #expect(try await ledger.effects().count == 3)
            #expect(try await ledger.left() == 0)
            await ground.platform.close()
        }

        @Test(arguments: Ground.profiles)
        func `jobs that kill their process are poison, and jobs beside them are not`(_ profile: Profile) async throws {
            let plan = PoisonPlan.chosen
            let ground = try await Ground.prepare(profile, "poison", adding: PoisonPlan.environment, concurrency: 4)
            let ledger = Ledger(ground: ground)
            let probes = plan.probes()
            let start = ContinuousClock.now
            for batch in stride(from: 0, to: probes.all.count, by: 1000) {
                let slice = Array(probes.all[batch..<min(batch + 1000, probes.all.count)])
                #expect(try await ClientSink(ground).enqueue(slice).count == slice.count)
            }
            let crew = Crew(ground)
            await crew.hire(workers: plan.workers, schedulers: 1)
            try await until("all have ended", within: plan.deadline) {
                let (dead, left) = (try await ledger.letters().count, try await ledger.left())
                guard dead >= probes.poison.count, left == 0 else { return false }
                return try await ledger.finished(besides: probes.poison) == probes.all.count - probes.poison.count
            }
            try await until("the last to die has risen") { try await ledger.areUp(plan.workers, of: await crew.pids) }
            #expect(try await crew.dismiss().allSatisfy { $0 == .status(0) })
            let letters = try await ledger.letters()
            #expect(Set(letters.map(\.id)) == probes.poison)
            #expect(letters.count == probes.poison.count)
            #expect(letters.allSatisfy { $0.error == "poison" && $0.attempts == 1 })
            let effects = try await ledger.effects()
            #expect(effects.allSatisfy { $0.attempt == 1 }, "somebody was charged an attempt")
            // At most twice with others, then alone; alone again only when the process that waited for it died meanwhile.
            let runs = try await ledger.processes(of: probes.poison)
            let company = await crew.history
            #expect(runs.count == probes.poison.count)
            for processes in runs.values {
                let together = processes.count { run in company[run.pid]?.contains { $0.contains(run.at) } ?? false }
                #expect(together <= 2 && processes.count > together, "\(processes)")
            }
            #expect(try await ledger.left() == 0)
            #expect(try await ledger.marks() == 0)
            let crashes = await crew.crashes
            #expect(crashes.allSatisfy { $0 == SIGABRT })
            let bystanders = probes.all.count - probes.poison.count
            let total = runs.values.map(\.count)
            let doubles = effects.count - total.reduce(0, +) - bystanders
            print(
                """
                poison \(profile.rawValue): \(letters.count) of \(probes.all.count) poison, \(crashes.count) workers died, \
                runs of a poison \(total.min() ?? 0)…\(total.max() ?? 0) mean \(Double(total.reduce(0, +)) / Double(plan.poison)), bystanders \(bystanders) dead 0 \
                charged 0 ran twice \(doubles), seconds \(Int((ContinuousClock.now - start).seconds)), \
                seed \(plan.seed)
                """
            )
            await ground.platform.close()
        }

        @Test(arguments: Ground.profiles)
        func `kills from outside blame nobody, in company or alone`(_ profile: Profile) async throws {
            try await killFromOutside(profile, deduplicates: false)
        }

        @Test(arguments: Ground.profiles)
        func `with deduplicate, kills from outside leave exactly one effect of each job`(
            _ profile: Profile
        ) async throws {
            try await killFromOutside(profile, deduplicates: true)
        }

        private func killFromOutside(_ profile: Profile, deduplicates: Bool) async throws {
            let plan = PoisonPlan.chosen
            let ground = try await Ground.prepare(profile, "outside", concurrency: 8, deduplicates: deduplicates)
            let ledger = Ledger(ground: ground)
            var random = SeededRandom(seed: plan.seed)
            let probes = (0..<plan.killed).map { _ in Probe(job: SystemProbe(workMs: plan.work, record: true)) }
            #expect(try await ClientSink(ground).enqueue(probes).count == probes.count)
            let crew = Crew(ground)
            await crew.hire(workers: 2, schedulers: 1)
            var killed = (workers: 0, alone: 0)
            while killed.workers < plan.kills {
                try await until("somebody works") {
                    let (running, left) = (try await ledger.running(), try await ledger.left())
                    return running > 0 || left == 0
                }
                #expect(try await ledger.left() > 0, "more probes are needed for the kills")
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...400, using: &random)))
                if let victim = await crew.someone(.worker, using: &random), await crew.kill(victim) {
                    killed.workers += 1
                }
                // What was running for the second time runs alone now; some of that is ended as well.
                let patience = ContinuousClock.now + .seconds(1)
                while ContinuousClock.now < patience {
                    let alone = LoneProcesses.of(await crew.pids)
                    if let lone = alone.randomElement(using: &random), kill(lone, SIGKILL) == 0 {
                        killed.alone += 1
                        break
                    }
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
            try await until("all are done", within: plan.deadline) {
                guard try await ledger.left() == 0 else { return false }
                return try await ledger.finished(besides: []) == probes.count
            }
            try await until("all have risen") { try await ledger.areUp(2, of: await crew.pids) }
            #expect(try await crew.dismiss().allSatisfy { $0 == .status(0) })
            #expect(try await ledger.dead() == 0)
            let effects = try await ledger.effects()
            #expect(effects.allSatisfy { $0.attempt == 1 })
            #expect(try await ledger.left() == 0)
            #expect(await crew.crashes == [])
            let doubles = effects.count - probes.count
            if deduplicates { #expect(doubles == 0, "an effect came twice") }
            print(
                "outside \(profile.rawValue)\(deduplicates ? ", deduplicate" : ""): kills of workers \(killed.workers), "
                    + "of lone processes \(killed.alone), dead 0, probes \(probes.count), doubles \(doubles), "
                    + "seed \(plan.seed)"
            )
            await ground.platform.close()
        }
    }
}
