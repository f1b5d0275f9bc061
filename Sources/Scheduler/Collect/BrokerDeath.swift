import JobCore

/// What the broker's `x-death` says of the last death: where and why. Read once, never carried on.
struct BrokerDeath: Sendable, Equatable {
    let queue: String?
    /// `rejected`, `expired`, `maxlen` or `delivery_limit`.
    let reason: String?

    init(_ headers: Headers) {
        guard case .list(let deaths) = headers["x-death"], case .table(let last)? = deaths.first else {
            queue = nil
            reason = nil
            return
        }
        queue = last["queue"]?.string
        let known = ["rejected", "expired", "maxlen", "delivery_limit"]
        reason = last["reason"]?.string.flatMap { known.contains($0) ? $0 : nil }
    }
}
