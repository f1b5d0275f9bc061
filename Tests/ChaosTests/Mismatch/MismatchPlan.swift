import Foundation

/// A producer ten times faster than its workers. The short form is for every test run, the full one (`JOBS_CHAOS=full`)
/// for the proof.
struct MismatchPlan: Sendable {
    var duration: Duration
    /// Jobs that the lane takes before it refuses.
    var limit = 300
    var concurrency = 4
    var work = 10
    /// Jobs offered a second: ten times what the slots can do.
    var rate: Int { concurrency * 1000 / work * 10 }

    static let short = MismatchPlan(duration: .seconds(6))
    /// Of 20 ms each: what RabbitMQ holds grows with the rate of messages it refuses, not with their number.
    static let full = MismatchPlan(duration: .seconds(60), work: 20)

    static var chosen: MismatchPlan {
        ProcessInfo.processInfo.environment["JOBS_CHAOS"] == "full" ? full : short
    }
}
