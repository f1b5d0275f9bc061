/// The generic cell rate algorithm (ITU-T I.371): a rate with a burst, kept in one number, the theoretical arrival time.
/// Nanoseconds, the emission interval rounded up: never more than the rate, and less by a ten-millionth.
package struct GCRA: Sendable, Equatable {
    /// Between two jobs, ns.
    let interval: Int64
    /// How far ahead of its time a job may be, ns.
    let tolerance: Int64

    package init(_ rate: LimitRule.Rate) {
        let period = rate.period.milliseconds.multipliedReportingOverflow(by: 1_000_000)
        let nanoseconds = period.overflow ? Int64.max / 4 : period.partialValue
        let count = Int64(max(1, rate.count))
        interval = max(1, (nanoseconds + count - 1) / count)
        let tolerance = interval.multipliedReportingOverflow(by: Int64(max(1, rate.burst) - 1))
        self.tolerance = tolerance.overflow ? Int64.max / 4 : tolerance.partialValue
    }

    /// Takes the next slot, whenever it is. A job that must wait for it has it: nobody else gets it.
    /// - Parameters:
    ///   - arrival: the theoretical arrival time of the next job, ns since the epoch; 0 for a limit never used.
    /// - Returns: how long to wait, zero for now.
    package func reserve(_ arrival: inout Int64, now: Timestamp) -> Duration {
        let now = now.milliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue
        let start = max(now, arrival - tolerance)
        arrival = max(now, arrival) + interval
        return .nanoseconds(start - now)
    }
}
