/// Full jitter: the n-th delay is uniform between nothing and `first` doubled n times, at most `limit`.
package struct Backoff: Sendable, Equatable {
    package let first: Duration
    package let limit: Duration
    package private(set) var attempts = 0

    package init(first: Duration = .milliseconds(100), limit: Duration = .seconds(5)) {
        self.first = first
        self.limit = limit
    }

    /// - Parameter random: uniform in 0..<1.
    package mutating func next(random: Double) -> Duration {
        var ceiling = first
        for _ in 0..<min(attempts, 30) where ceiling < limit { ceiling *= 2 }
        if attempts < Int.max { attempts += 1 }
        return min(ceiling, limit) * random
    }

    package mutating func reset() { attempts = 0 }
}
