/// How many deliveries a lane should hold at once: what its slots would start within two seconds, so that slow jobs are
/// left to whoever is free and fast ones never wait for a round trip.
///
/// A value, fed with finished attempts. It speaks up only when the wish differs by a factor of two or more, and not
/// more often than every three seconds: a change costs a round trip in which nothing is fetched.
struct CreditGauge: Sendable {
    static let horizon: Duration = .seconds(2)
    static let pace: Duration = .seconds(3)
    static let maximum = 1000
    /// Roughly what the bodies of one lane may take up here.
    static let maximumBytes = 64 << 20

    let concurrency: Int
    private let isFixed: Bool
    private(set) var credit: Int
    /// Of the attempts since the last review, and half of what was before: a lane that changes is soon believed.
    private var attempts = 0
    private var time: Duration = .zero
    private var bytes = 0
    private var reviewed: ContinuousClock.Instant?

    /// - Parameter fixed: the manifest's word, which stays; nil = by measuring, beginning with four times the
    ///   concurrency and 32 at least.
    init(concurrency: Int, fixed: Int? = nil) {
        self.concurrency = max(1, concurrency)
        isFixed = fixed != nil
        credit = fixed ?? min(Self.maximum, max(32, concurrency * 4))
    }

    /// An attempt has ended, its settling included.
    /// - Returns: the new credit, when it is to change.
    mutating func finished(lasting duration: Duration, bytes size: Int, now: ContinuousClock.Instant) -> Int? {
        attempts += 1
        time += duration
        bytes += size
        guard let last = reviewed else {
            reviewed = now
            return nil
        }
        guard now - last >= Self.pace else { return nil }
        reviewed = now
        let wanted = wanted
        attempts = (attempts + 1) / 2
        time /= 2
        bytes /= 2
        guard !isFixed, wanted >= credit * 2 || wanted * 2 <= credit else { return nil }
        credit = wanted
        return wanted
    }

    /// What the slots would start within so long, going by the attempts seen; nil while nothing is known.
    func starts(within limit: Duration) -> Int? {
        guard attempts > 0 else { return nil }
        let each = max(time / Double(attempts), .microseconds(1))
        return Int(min(Double(concurrency) * (limit / each), 1_000_000))
    }

    private var wanted: Int {
        let fitting = Self.maximumBytes / max(1, bytes / max(1, attempts))
        let wanted = min(starts(within: Self.horizon) ?? credit, Self.maximum, fitting)
        return max(wanted, concurrency + 1)
    }
}
