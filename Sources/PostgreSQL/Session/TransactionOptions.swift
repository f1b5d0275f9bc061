package enum TransactionIsolation: Sendable {
    case readCommitted, repeatableRead, serializable
}

struct TransactionOptions: Sendable {
    var isolation: TransactionIsolation
    var readOnly: Bool
    /// Runs of the body at most, the first included; at least 1.
    var attempts: Int

    var begin: String {
        let level =
            switch isolation {
            case .readCommitted: "READ COMMITTED"
            case .repeatableRead: "REPEATABLE READ"
            case .serializable: "SERIALIZABLE"
            }
        return "BEGIN ISOLATION LEVEL \(level)\(readOnly ? " READ ONLY" : "")"
    }

    /// Full jitter, so that two that collided do not collide again: up to 10, 20, 40 … 320 ms.
    static func pause(before attempt: Int, jitter: Double) -> Duration {
        .milliseconds(10 * Double(1 << min(max(attempt - 2, 0), 5)) * jitter)
    }
}
