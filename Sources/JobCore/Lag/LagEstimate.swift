/// How old the oldest job of a lane is that could run now: from the broker's own knowledge where it has any, else from
/// what deliveries have shown. Pure: every instant is the store's clock, given from outside.
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
        /// Due time of the oldest overdue row in `waiting`.
        package var overdueSince: Timestamp?

        package init(
            ready: Int? = nil,
            oldestReadyAt: Timestamp? = nil,
            deliveredReadyAt: Timestamp? = nil,
            emptyAt: Timestamp? = nil,
            unstartedReadyAt: Timestamp? = nil,
            overdueSince: Timestamp? = nil
        ) {
            self.ready = ready
            self.oldestReadyAt = oldestReadyAt
            self.deliveredReadyAt = deliveredReadyAt
            self.emptyAt = emptyAt
            self.unstartedReadyAt = unstartedReadyAt
            self.overdueSince = overdueSince
        }
    }

    /// Nil when it cannot be told; never taken for zero.
    package let lag: Duration?
    /// True when `lag` is an upper bound and not the age of a job that was seen.
    package let isEstimated: Bool

    package init(_ evidence: Evidence, now: Timestamp) {
        func age(_ instant: Timestamp?) -> Duration {
            instant.map { max(.zero, now.duration(since: $0)) } ?? .zero
        }
        let aside = max(age(evidence.overdueSince), age(evidence.unstartedReadyAt))
        guard let ready = evidence.ready else {
            (lag, isEstimated) = (nil, false)
            return
        }
        if ready == 0 {
            (lag, isEstimated) = (aside, false)
        } else if let oldest = evidence.oldestReadyAt {
            (lag, isEstimated) = (max(aside, age(oldest)), false)
        } else if let bound = [evidence.deliveredReadyAt, evidence.emptyAt].compactMap(\.self).max() {
            (lag, isEstimated) = (max(aside, age(bound)), age(bound) > aside)
        } else {
            (lag, isEstimated) = (nil, false)
        }
    }
}
