import Foundation

/// How much of everything. The short form is for every test run, the full one (`JOBS_CHAOS=full`) for the proof.
struct CampaignPlan: Sendable {
    /// Confirmed probes, at least.
    var probes: Int
    var workerKills: Int
    var schedulerKills: Int
    /// Where the producer is a process (embedded).
    var producerKills: Int
    /// On the cluster.
    var brokerKills: Int
    var postgresKills: Int
    /// Milliseconds between two kills of the same hand.
    var pause: ClosedRange<Int>
    var workers = 2
    var schedulers = 2
    /// Milliseconds an attempt works: long enough that a kill meets jobs at work.
    var work = 60...180
    var seed: UInt64

    static let short = CampaignPlan(
        probes: 3000,
        workerKills: 3,
        schedulerKills: 3,
        producerKills: 3,
        brokerKills: 2,
        postgresKills: 2,
        pause: 300...1500,
        seed: seed
    )

    static let full = CampaignPlan(
        probes: 20_000,
        workerKills: 20,
        schedulerKills: 12,
        producerKills: 12,
        brokerKills: 10,
        postgresKills: 10,
        pause: 500...4000,
        seed: seed
    )

    static var chosen: CampaignPlan {
        ProcessInfo.processInfo.environment["JOBS_CHAOS"] == "full" ? full : short
    }

    /// `JOBS_CHAOS_SEED` repeats a campaign; each is printed.
    private static let seed =
        ProcessInfo.processInfo.environment["JOBS_CHAOS_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...999_999)
}
