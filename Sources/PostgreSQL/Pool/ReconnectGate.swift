/// Decides when the pool may try to connect: at most two attempts a second on average, and after failures a full-jitter
/// pause of 100 ms, 200 ms … 5 s besides. A healthy pool may open all its connections at once.
struct ReconnectGate {
    typealias Instant = ContinuousClock.Instant

    private static let attemptsPerSecond = 2.0
    private static let firstPause = 0.1
    private static let longestPause = 5.0

    private let burst: Double
    private var tokens: Double
    private var counted: Instant
    private var failures = 0
    private var closedUntil: Instant

    init(burst: Int, now: Instant) {
        self.burst = Double(max(burst, 1))
        tokens = self.burst
        counted = now
        closedUntil = now
    }

    /// The last attempt failed and none has succeeded since.
    var isFailing: Bool { failures > 0 }

    func isOpen(at now: Instant) -> Bool { opens(after: now) <= now }

    /// When the next attempt may be made; `now` or earlier if at once.
    func opens(after now: Instant) -> Instant {
        let missing = max(0, 1 - refilled(at: now))
        return max(closedUntil, now + .seconds(missing / Self.attemptsPerSecond))
    }

    mutating func attempt(at now: Instant) {
        tokens = max(0, refilled(at: now) - 1)
        counted = now
    }

    mutating func succeeded() {
        failures = 0
    }

    /// - Parameter jitter: 0 ..< 1.
    mutating func failed(at now: Instant, jitter: Double) {
        failures += 1
        let ceiling = min(Self.longestPause, Self.firstPause * Double(1 << min(failures - 1, 10)))
        closedUntil = now + .seconds(ceiling * jitter)
        tokens = min(1, refilled(at: now))
        counted = now
    }

    private func refilled(at now: Instant) -> Double {
        let limit = isFailing ? 1 : burst
        let elapsed = counted.duration(to: now) / .seconds(1)
        return min(limit, tokens + max(0, elapsed) * Self.attemptsPerSecond)
    }
}
