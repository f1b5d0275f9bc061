import Foundation
import JobCore

/// How many jobs kill their process, and among how many. The short form is for every test run, the full one
/// (`JOBS_CHAOS=full`) for the proof.
struct PoisonPlan: Sendable {
    var poison: Int
    var bystanders: Int
    /// Probes at work while processes are killed from outside, and how many of those are killed.
    var killed: Int
    var kills: Int
    /// Milliseconds that each of them works: a kill meets many at work, and enough are left for the last.
    var work: Int
    var workers = 2
    var deadline: Duration
    var seed: UInt64 = CampaignPlan.chosen.seed

    static let short = PoisonPlan(
        poison: 20,
        bystanders: 980,
        killed: 500,
        kills: 5,
        work: 300,
        deadline: .seconds(120)
    )
    static let full = PoisonPlan(
        poison: 200,
        bystanders: 49_800,
        killed: 50_000,
        kills: 200,
        work: 120,
        deadline: .seconds(3000)
    )

    static var chosen: PoisonPlan {
        ProcessInfo.processInfo.environment["JOBS_CHAOS"] == "full" ? full : short
    }

    /// Nobody reads the stack of a probe that was asked to crash, and printing it takes a second.
    static let environment = ["JOBS_ALLOW_CRASH": "1", "SWIFT_BACKTRACE": "enable=no"]

    /// In an order that the seed decides.
    func probes() -> (all: [Probe], poison: Set<JobID>) {
        var random = SeededRandom(seed: seed)
        let deadly = (0..<poison).map { _ in Probe(job: SystemProbe(outcome: .crash, record: true)) }
        let harmless = (0..<bystanders).map { _ in Probe(job: SystemProbe(record: true)) }
        return ((deadly + harmless).shuffled(using: &random), Set(deadly.map(\.id)))
    }
}
