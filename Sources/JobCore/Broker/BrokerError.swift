/// What can go wrong with the broker besides publishing.
public enum BrokerError: Error, Sendable, Equatable {
    /// Not reachable now; worth trying again.
    case unavailable(String)
    /// The queue is not declared; `jobctl topology apply` declares those of the manifest.
    case queueMissing(String)
    /// The broker refused (permissions, a different declaration): a person must look.
    case refused(String)
    /// The consumption these deliveries came from has ended; the broker has given them to somebody again.
    case stale

    public var isRetryable: Bool {
        switch self {
        case .unavailable, .stale: true
        case .queueMissing, .refused: false
        }
    }

    public var label: String {
        switch self {
        case .unavailable: "broker_unavailable"
        case .queueMissing: "queue_missing"
        case .refused: "broker_refused"
        case .stale: "stale_delivery"
        }
    }
}
