/// A breaker as all processes see it.
package struct BreakerRecord: Sendable, Equatable {
    package enum State: String, Sendable {
        case closed, open
        /// Its time is over: one job at a time tries whether the dependency answers.
        case halfOpen = "half_open"
    }

    package let name: String
    package let state: State
    /// What opened it, for people.
    package let reason: String?
    /// How often it has opened in a row.
    package let openings: Int
    /// When the first job tries; nil when closed, half open, or held open by hand.
    package let until: Timestamp?
    /// By the store's clock, from when this was read.
    package let remaining: Duration?
    /// By hand, until somebody closes it or lets it try.
    package let isHeld: Bool
    package let changedAt: Timestamp
    /// Who tries right now.
    package let prober: String?
    /// The queues that depend on it, as the process knew that opened it.
    package let queues: [String]
}

/// What the outcomes of one process say of a dependency.
package struct DependencyOutcomes: Sendable, Equatable {
    package var answered = 0
    package var failed = 0
    /// Of the last failure, for people.
    package var reason: String?

    package init(answered: Int = 0, failed: Int = 0, reason: String? = nil) {
        self.answered = answered
        self.failed = failed
        self.reason = reason
    }

    package mutating func merge(_ other: DependencyOutcomes) {
        answered += other.answered
        failed += other.failed
        reason = other.reason ?? reason
    }
}
