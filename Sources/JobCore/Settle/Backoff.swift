/// Full-jitter exponential back-off for waiting on a peer that is away (not for jobs: those have `RetryPolicy`).
package struct Backoff: Sendable {
    private let base: Duration
    private let cap: Duration
    private var step = 0

    package init(base: Duration, cap: Duration) {
        self.base = base
        self.cap = cap
    }

    package mutating func next() -> Duration {
        let ceiling = min(cap, base * Double(1 << min(step, 20)))
        step += 1
        return max(base / 2, ceiling * Double.random(in: 0...1))
    }

    package mutating func reset() {
        step = 0
    }
}
