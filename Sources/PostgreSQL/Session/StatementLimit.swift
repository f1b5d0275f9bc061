/// When a statement must be done.
struct StatementLimit {
    let end: ContinuousClock.Instant
    /// What the error says.
    let allowed: Duration

    init(timeout: Duration, callDeadline: ContinuousClock.Instant, now: ContinuousClock.Instant = .now) {
        end = min(now + timeout, callDeadline)
        allowed = max(.zero, now.duration(to: end))
    }
}
