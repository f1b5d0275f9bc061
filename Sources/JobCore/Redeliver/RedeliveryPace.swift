/// How many jobs that came back are looked up, and marked as begun, by one statement.
///
/// A value. Marks are what makes suspects of jobs when their process dies, so they run little ahead of the slots: what
/// starts within 20 ms, and only what the slots hold while nothing is known, or after suspects were seen, when the next
/// death may be near.
struct RedeliveryPace: Sendable {
    static let horizon: Duration = .milliseconds(20)
    static let maximum = 500
    /// Jobs without a suspect among them, until the pace may rise again.
    static let caution = 2_000

    private let slots: Int
    private var wary = 0

    init(slots: Int) {
        self.slots = max(1, slots)
    }

    /// - Parameter starts: what the slots start within the horizon, as far as attempts have told.
    func size(starts: Int?) -> Int {
        guard wary == 0, let starts else { return min(slots, Self.maximum) }
        return min(max(starts, slots), Self.maximum)
    }

    /// A suspect was among the last: the next death may be near.
    var isWary: Bool { wary > 0 }

    mutating func answered(_ count: Int, hasSuspect: Bool) {
        wary = hasSuspect ? Self.caution : max(0, wary - count)
    }
}
