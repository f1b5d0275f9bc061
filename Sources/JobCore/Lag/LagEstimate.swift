/// How old the oldest job of a lane is that could run now, as an interval: exact where the broker knows, else from the
/// lane's history and from what deliveries have shown. Pure: every instant is the store's clock, given from outside.
package struct LagEstimate: Sendable, Equatable {
    /// What is known about the front of a lane.
    package struct Evidence: Sendable, Equatable {
        /// Nil when the broker could not be asked.
        package var ready: Int?
        /// Exact, from a broker that can tell.
        package var oldestReadyAt: Timestamp?
        /// Ready-at of the newest delivery ever seen: nothing older waits behind it.
        package var deliveredReadyAt: Timestamp?
        /// When the lane was last sampled as empty: what waits now came later.
        package var emptyAt: Timestamp?
        /// Ready-at of the oldest delivery fetched by a living process and not started.
        package var unstartedReadyAt: Timestamp?
        /// Ready-at of the oldest delivery that a dead process had and that has not been delivered again.
        package var orphanedReadyAt: Timestamp?
        /// How long the oldest overdue row in `waiting` is past its due time.
        package var overdue: Duration?
        package var ledger = FlowLedger([])

        package init(
            ready: Int? = nil,
            oldestReadyAt: Timestamp? = nil,
            deliveredReadyAt: Timestamp? = nil,
            emptyAt: Timestamp? = nil,
            unstartedReadyAt: Timestamp? = nil,
            orphanedReadyAt: Timestamp? = nil,
            overdue: Duration? = nil,
            ledger: FlowLedger = FlowLedger([])
        ) {
            self.ready = ready
            self.oldestReadyAt = oldestReadyAt
            self.deliveredReadyAt = deliveredReadyAt
            self.emptyAt = emptyAt
            self.unstartedReadyAt = unstartedReadyAt
            self.orphanedReadyAt = orphanedReadyAt
            self.overdue = overdue
            self.ledger = ledger
        }
    }

    /// An interval wider than this is a guess: the lane was not sampled for a while.
    private static let sampledWidth: Duration = .milliseconds(7500)

    /// The upper end; alerts go by it. Nil when it cannot be told; never taken for zero.
    package let lag: Duration?
    /// The lower end; zero when nothing is known of it.
    package let low: Duration?
    /// True when the interval is wide: the truth may be much smaller than `lag`.
    package var isEstimated: Bool {
        guard let lag, let low else { return false }
        return lag - low > LagEstimate.sampledWidth
    }

    package init(_ evidence: Evidence, now: Timestamp) {
        func age(_ instant: Timestamp?) -> Duration? { instant.map { max(.zero, now.duration(since: $0)) } }
        let aside = max(evidence.overdue ?? .zero, age(evidence.unstartedReadyAt) ?? .zero)
        guard let ready = evidence.ready else {
            (lag, low) = (nil, nil)
            return
        }
        if ready == 0 {
            (lag, low) = (aside, aside)
        } else if let oldest = age(evidence.oldestReadyAt) {
            (lag, low) = (max(aside, oldest), max(aside, oldest))
        } else {
            let arrival = evidence.ledger.headArrival
            // What a dead process had goes to the front again, behind what was delivered since.
            let delivered = evidence.orphanedReadyAt.map { min($0, evidence.deliveredReadyAt ?? $0) }
            // What workers had taken at a sample was a heartbeat old: the stream may have been further than it seemed.
            let after = arrival?.after?.advanced(by: .zero - Heartbeat.period)
            let bounds = [after, delivered ?? evidence.deliveredReadyAt, evidence.emptyAt].compactMap(age)
            let orphan = age(evidence.orphanedReadyAt) ?? .zero
            guard let bound = bounds.min() else {
                (lag, low) = (nil, nil)
                return
            }
            let high = max(aside, orphan, bound)
            lag = high
            // The workers' count is a moment old: the head may have moved on by what came since the last sample.
            let youngest = arrival.map { now.duration(since: $0.by) - Store.samplePeriod } ?? .zero
            low = min(high, max(aside, orphan, youngest))
        }
    }
}
