/// Why a job is not known to be enqueued, with the id to try again with.
public struct EnqueueError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Cause: Sendable, Equatable {
        case publish(PublishError)
        case store(StoreError)
        /// The payload cannot be sent: too large, too deep, not JSON.
        case invalid(String)
    }

    public let cause: Cause
    public let id: JobID
    /// How long to wait before enqueueing again with the id; nil where that mends nothing. Grows while the trouble lasts.
    public let suggestedWait: Duration?

    public init(_ cause: Cause, id: JobID, suggestedWait: Duration? = nil) {
        self.cause = cause
        self.id = id
        self.suggestedWait = suggestedWait
    }

    public var isRetryable: Bool {
        switch cause {
        case .publish(let error): error.isRetryable
        case .store(let error): error.isRetryable
        case .invalid: false
        }
    }

    public var label: String {
        switch cause {
        case .publish(let error): error.label
        case .store(let error): error.label
        case .invalid: "invalid"
        }
    }

    public var description: String {
        switch cause {
        case .publish(.unroutable(let key)):
            "no queue is bound to \(key): check the name, or run `jobctl topology apply`"
        case .publish(.queueFull): "the queue is full: try again \(later) with id \(id)"
        case .publish(.brokerBlocked(let reason)):
            "the broker takes nothing now (\(reason)): try again \(later) with id \(id)"
        case .publish(.unconfirmed): "sent but not confirmed: enqueue again \(later) with id \(id), which may run twice"
        case .publish(.unavailable(let reason)):
            "the broker is not reachable (\(reason)): try again \(later) with id \(id)"
        case .publish(.refused(let reason)): "the broker refused: \(reason)"
        case .store(let error): "the store did not take it (\(error)): try again \(later) with id \(id)"
        case .invalid(let reason): reason
        }
    }

    private var later: String {
        suggestedWait.map { "in \((max($0.seconds, 0.1) * 10).rounded() / 10) s" } ?? "later"
    }
}
