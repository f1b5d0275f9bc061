/// Why a message is not known to be in its queue. Everything but `unconfirmed` means it certainly is not.
public enum PublishError: Error, Sendable, Equatable {
    /// No queue is bound to this routing key; `jobctl topology apply` binds those of the manifest.
    case unroutable(String)
    /// The queue is at its length limit and refused the message.
    case queueFull
    /// The broker has stopped reading publishers (memory or disk alarm); the text is its reason.
    case brokerBlocked(String)
    /// Sent, and no answer came in time: it may be in the queue. Publish again with the same id.
    case unconfirmed
    /// No connection, or not enough room to wait for one within the deadline.
    case unavailable(String)
    /// The broker refused for a reason that trying again does not mend.
    case refused(String)

    public var isRetryable: Bool {
        switch self {
        case .unroutable, .refused: false
        case .queueFull, .brokerBlocked, .unconfirmed, .unavailable: true
        }
    }

    /// A bounded name for metrics and logs.
    public var label: String {
        switch self {
        case .unroutable: "unroutable"
        case .queueFull: "queue_full"
        case .brokerBlocked: "broker_blocked"
        case .unconfirmed: "unconfirmed"
        case .unavailable: "broker_unavailable"
        case .refused: "publish_refused"
        }
    }
}
