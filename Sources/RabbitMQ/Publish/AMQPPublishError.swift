/// Why a publish was not confirmed. Only `unconfirmed` and `channelClosed` leave open whether the broker has the message.
package enum AMQPPublishError: Error, Sendable, Equatable {
    /// It reached no queue.
    case unroutable(code: UInt16, text: String)
    /// basic.nack: a queue is full (reject-publish) or could not store it.
    case rejected
    /// The broker has an alarm; nothing was sent.
    case blocked(reason: String)
    /// Sent, but no confirm before the deadline or the loss of the connection: retry with the same message id.
    case unconfirmed
    /// Nothing was sent.
    case notConnected(reason: String)
    /// This side's buffer or window was full until the deadline; nothing was sent.
    case bufferFull
    /// Cannot be sent at all.
    case tooLarge(what: String, size: Int, limit: Int)
    /// The broker closed the channel because of this message or one beside it, for instance 404 for its exchange.
    case channelClosed(code: UInt16, text: String)
    /// Nothing was sent.
    case shutDown

    /// Whether the same message may be taken later without anybody changing anything.
    package var isRetryable: Bool {
        switch self {
        case .rejected, .blocked, .unconfirmed, .notConnected, .bufferFull: true
        case .channelClosed(let code, _): code == 405 || code >= 500
        case .unroutable, .tooLarge, .shutDown: false
        }
    }

    /// A bounded name for metrics.
    package var label: String {
        switch self {
        case .unroutable: "unroutable"
        case .rejected: "rejected"
        case .blocked: "blocked"
        case .unconfirmed: "unconfirmed"
        case .notConnected: "not_connected"
        case .bufferFull: "buffer_full"
        case .tooLarge: "too_large"
        case .channelClosed(let code, _): "channel_closed_\(code)"
        case .shutDown: "shut_down"
        }
    }
}
