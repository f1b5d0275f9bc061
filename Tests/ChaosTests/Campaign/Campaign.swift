import Admin
import Foundation
import JobCore

/// Runs producer, daemons and nemesis against each other, lets everything drain, and compares.
struct Campaign: Sendable {
    let ground: Ground
    let plan: CampaignPlan

    func run() async throws -> CampaignReport {
        let start = ContinuousClock.now
        let history = try History(ground.folder + "/history")
        let backlog = Backlog(ground)
        let sink: any ProbeSink = ground.profile == .embedded ? ProcessSink(ground) : ClientSink(ground)
        let mix = ProbeMix(work: plan.work, seed: plan.seed)
        let producer = Producer(sink: sink, mix: mix, backlog: backlog, history: history)
        let crew = Crew(ground)
        await crew.hire(workers: plan.workers, schedulers: plan.schedulers)

        let nemesis = Nemesis(ground: ground, crew: crew, backlog: backlog, sink: sink, plan: plan)
        async let produced: Void = producer.run(target: plan.probes)
        let faults = try await nemesis.run()
        producer.mayEnd()
        try await produced

        let ledger = Ledger(ground: ground)
        let isDrained = try await ledger.drained(within: .seconds(180))
        let endings = try await crew.dismiss()
        return CampaignReport(
            profile: ground.profile,
            plan: plan,
            verdict: Verdict(try history.events(), effects: try await ledger.effects()),
            faults: faults,
            isDrained: isDrained,
            // After the last process has given back what it held, nothing can hide any more.
            left: try await ledger.left(),
            dead: try await ledger.dead(),
            crashes: await crew.crashes,
            ownExits: await crew.ownExits,
            longestLife: await crew.longestLife,
            badEndings: endings.filter { $0 != .status(0) },
            duration: ContinuousClock.now - start
        )
    }
}
