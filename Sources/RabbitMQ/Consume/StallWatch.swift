/// Notices a subscription that the broker has forgotten: it says nothing of it, and delivers nothing (RabbitMQ is known to
/// lose consumers of a quorum queue, and messages they held, at an election).
///
/// A value. Silence counts only while there is credit. After one interval of it the broker is asked for the queue's depth,
/// and again in each; when messages are ready and two intervals have passed, the subscription is stalled. Messages it
/// lost without making them ready again cannot be seen: so it is also made anew after twenty quiet intervals.
struct StallWatch {
    enum Action: Equatable {
        /// Ask for the number of ready messages, and tell it by `ready`.
        case ask
        case renew
    }

    private static let limit = 2
    private static let refresh = 20

    private let interval: Duration
    private var quietSince: Instant?
    private var nextLook: Instant?

    init(interval: Duration) {
        self.interval = interval
    }

    /// When to look next.
    var deadline: Instant? { nextLook }

    /// Something came, or could not come, or the subscription is new.
    mutating func heard(_ now: Instant) {
        quietSince = now
        nextLook = now + interval
    }

    /// There is no subscription.
    mutating func rest() {
        (quietSince, nextLook) = (nil, nil)
    }

    mutating func look(hasCredit: Bool, now: Instant) -> Action? {
        guard let due = nextLook, due <= now, let since = quietSince else { return nil }
        guard hasCredit else {
            heard(now)
            return nil
        }
        nextLook = now + interval
        return now - since >= interval * Self.refresh ? .renew : .ask
    }

    mutating func ready(_ messages: Int, now: Instant) -> Action? {
        guard messages > 0, let since = quietSince, now - since >= interval * Self.limit else { return nil }
        return .renew
    }
}
