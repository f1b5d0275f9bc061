import Admin
import JobCore

struct CampaignReport: Sendable, CustomStringConvertible {
    let profile: Profile
    let plan: CampaignPlan
    let verdict: Verdict
    let faults: FaultCount
    let isDrained: Bool
    let left: Int
    let dead: Int
    let crashes: [Int32]
    let ownExits: Int
    let longestLife: Duration
    let badEndings: [ChildProcess.Ending]
    let duration: Duration

    /// True when the platform has kept its promises.
    var holds: Bool {
        verdict.lost.isEmpty && verdict.unfinished.isEmpty && verdict.strangers == 0 && verdict.burned == 0 && dead == 0
            && isDrained && left == 0 && crashes.isEmpty && badEndings.isEmpty
    }

    /// One line to compare, and one for the rest.
    var description: String {
        let kills =
            "kills worker \(faults.worker) scheduler \(faults.scheduler) "
            + (profile == .cluster
                ? "broker \(faults.broker) postgres \(faults.postgres)" : "producer \(faults.producer)")
        let takeOvers = faults.takeOvers.sorted()
        let middle = takeOvers.isEmpty ? "unknown" : "\(takeOvers[takeOvers.count / 2].milliseconds) ms"
        let longest = takeOvers.last.map { "\($0.milliseconds) ms" } ?? "unknown"
        return """
            chaos \(profile.rawValue): confirmed \(verdict.confirmed) effects \(verdict.effects) \
            doubles \(verdict.doubles) unconfirmed \(verdict.unconfirmed) lost \(verdict.lost.count) dead \(dead) \
            \(kills), ready+running at kills min \(faults.readyAtKills.min() ?? 0), seconds \(Int(duration.seconds))
            chaos \(profile.rawValue): unfinished \(verdict.unfinished.count) burned \(verdict.burned) left \(left) \
            strangers \(verdict.strangers) crashes \(crashes.count), take-over after a worker's death p50 \(middle) \
            max \(longest) (\(takeOvers.count) measured), daemons ended by \
            themselves \(ownExits) (after \(longestLife.milliseconds) ms at most), seed \(plan.seed)
            """
    }
}
