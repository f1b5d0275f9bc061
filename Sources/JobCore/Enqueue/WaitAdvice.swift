/// How long a caller had better wait before it enqueues again, from what this process has been told.
///
/// A value. A full queue is left alone for about 250 ms, doubling with each further reject of that routing key to 10 s,
/// with full jitter, so that producers do not come back together. An alarm ends when somebody has freed memory or disk:
/// the longer it has lasted, the longer the wait, 1 s to 30 s.
struct WaitAdvice: Sendable {
    private static let backoff = Backoff(base: .milliseconds(250), cap: .seconds(10))

    /// By routing key, until it is accepted again.
    private var full: [String: Backoff] = [:]
    private var away: Backoff?
    private var blockedSince: ContinuousClock.Instant?

    /// Nothing has gone wrong since the last success: a success says nothing new.
    var isCalm: Bool { full.isEmpty && away == nil && blockedSince == nil }

    /// What one publish answered: a success ends what was remembered.
    mutating func published(_ answers: [(routingKey: String, error: PublishError?)]) {
        let accepted = Set(answers.lazy.filter { $0.error == nil }.map(\.routingKey))
        for key in accepted { full[key] = nil }
        if !accepted.isEmpty { (away, blockedSince) = (nil, nil) }
    }

    /// How long to wait after one failure of a publish; nil where waiting mends nothing.
    mutating func wait(after error: PublishError, of routingKey: String, now: ContinuousClock.Instant) -> Duration? {
        switch error {
        case .queueFull:
            // The broker takes something, if not this: no alarm.
            blockedSince = nil
            return full[routingKey, default: Self.backoff].next()
        case .brokerBlocked:
            let since = blockedSince ?? now
            blockedSince = since
            return min(max((now - since) / 2, .seconds(1)), .seconds(30))
        case .unavailable, .unconfirmed: return waitForPeer()
        case .unroutable, .refused: return nil
        }
    }

    /// The broker or the store is not there, or did not answer.
    mutating func waitForPeer() -> Duration {
        var backoff = away ?? Self.backoff
        defer { away = backoff }
        return backoff.next()
    }
}
