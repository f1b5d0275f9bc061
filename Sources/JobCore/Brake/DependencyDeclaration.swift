/// Something that workers call and that may be down: a relay, a provider, a database that is not ours.
package struct DependencyDeclaration: Sendable, Equatable {
    /// `[a-z0-9_]+`, at most 60 bytes.
    package let name: String
    package var breaker = BreakerPolicy()
    /// Labels of errors that say that the dependency is sick; those that park on it count in any case.
    package var failures: Set<String> = []

    package init(name: String) {
        self.name = name
    }
}

/// When a breaker opens, and for how long.
package struct BreakerPolicy: Sendable, Equatable {
    /// Outcomes count for so long: 1 s … 10 min, default 10 s.
    package var window: Duration = .seconds(10)
    /// Share of failures in the window from which it opens: 1…100, default 50.
    package var failurePercent = 50
    /// Outcomes that the window must hold before a share says anything: 1…10 000, default 20.
    package var minimum = 20
    /// An attempt that runs for longer counts as a failure before it has ended: 1 s … 10 min; nil: only its end counts.
    package var slowAfter: Duration?
    /// How long it stays open the first time: 100 ms … 1 h, default 5 s. Twice as long each time it opens again.
    package var openFor: Duration = .seconds(5)
    /// The longest: default 60 s.
    package var openCap: Duration = .seconds(60)

    package init() {}

    /// The whole window is asked, and the newest outcomes in it: as few as are enough. So a peer that is done for is noticed
    /// at once, whatever it did well before.
    /// - Parameter recent: of the window, the newest first.
    /// - Returns: the outcomes that open the breaker; nil when it stays closed.
    package func tripping(_ recent: [DependencyOutcomes]) -> (answered: Int, failed: Int)? {
        var (answered, failed) = (0, 0)
        var hasAskedNewest = false
        for outcomes in recent {
            answered += outcomes.answered
            failed += outcomes.failed
            guard !hasAskedNewest, answered + failed >= minimum else { continue }
            hasAskedNewest = true
            if trips(answered: answered, failed: failed) { return (answered, failed) }
        }
        return trips(answered: answered, failed: failed) ? (answered, failed) : nil
    }

    func trips(answered: Int, failed: Int) -> Bool {
        failed > 0 && answered + failed >= minimum && failed * 100 >= failurePercent * (answered + failed)
    }

    /// - Parameter openings: in a row, this one included.
    package func openTime(openings: Int) -> Duration {
        var time = openFor.milliseconds
        for _ in 1..<max(1, min(openings, 40)) where time < openCap.milliseconds { time *= 2 }
        return .milliseconds(min(time, max(openCap.milliseconds, openFor.milliseconds)))
    }

    /// Closed for longer than this, the next opening is a first one again.
    package var memory: Duration { max(.seconds(60), openCap) }
}
