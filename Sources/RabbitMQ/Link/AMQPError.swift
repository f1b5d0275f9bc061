/// What can go wrong on a link, apart from publishing.
package enum AMQPError: Error, Sendable, Equatable {
    /// Not connected before the deadline; `reason` is the last failure.
    case notConnected(reason: String)
    /// Connected when the request was made, lost before its answer: it may have been carried out.
    case connectionLost(reason: String)
    /// The broker refused the request and closed its channel: 403, 404, 405, 406 and the like.
    case channelClosed(code: UInt16, text: String)
    /// No answer in time: the request may still be carried out.
    case timedOut(operation: String)
    /// The request cannot be put on the wire.
    case invalid(String)
    case tooManyChannels
    case shutDown

    /// Whether the same request may succeed later without anybody changing anything.
    package var isRetryable: Bool {
        switch self {
        case .notConnected, .connectionLost, .timedOut, .tooManyChannels: true
        case .channelClosed(let code, _): code == 405 || code >= 500
        case .invalid, .shutDown: false
        }
    }

    /// A bounded name for metrics.
    package var label: String {
        switch self {
        case .notConnected: "not_connected"
        case .connectionLost: "connection_lost"
        case .channelClosed(let code, _): "channel_closed_\(code)"
        case .timedOut: "timed_out"
        case .invalid: "invalid"
        case .tooManyChannels: "too_many_channels"
        case .shutDown: "shut_down"
        }
    }
}
