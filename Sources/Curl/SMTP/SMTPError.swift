/// Why a mail was not delivered to the server, or why that is not known.
package enum SMTPError: Error, Equatable, Sendable {
    package enum Field: String, Sendable {
        case from, recipient, message
    }

    /// Nothing was sent.
    case invalidEnvelope(Field, reason: String)
    /// No connection, or it was lost before the mail was handed over: the server did not take it.
    case connect(String)
    /// STARTTLS is not offered, the certificate is not trusted, or the handshake failed.
    case tls(String)
    /// The server wants a login or refuses this one. The reply is nil when it offers no mechanism libcurl knows.
    case authentication(SMTPReply?)
    /// Time was up before the mail was handed over: the server did not take it.
    case timeout
    /// 4xx for this mail, or any refusal before the mail was spoken of.
    case temporary(SMTPReply)
    /// 5xx for this mail.
    case permanent(SMTPReply)
    /// The mail was handed over and no answer came. It may have been delivered: repeat it with the same Message-ID.
    case unknownOutcome(Loss)
    case cancelled
    /// Too many mails wait for a connection; nothing was sent.
    case overloaded
    case closed
    /// A fault on this side, by libcurl's number.
    case fault(code: Int)

    package enum Loss: String, Sendable {
        case connectionLost = "connection_lost"
        case timeout, cancelled
    }

    /// Whether the same mail may be accepted later. False means dead.
    package var isRetryable: Bool {
        switch self {
        case .invalidEnvelope, .permanent: false
        case .connect, .tls, .authentication, .timeout, .temporary, .unknownOutcome, .cancelled, .overloaded, .closed,
            .fault:
            true
        }
    }

    /// Whether the server (or the way to it) is at fault rather than this mail: what trips a breaker.
    package var concernsServer: Bool {
        switch self {
        case .connect, .tls, .authentication, .timeout: true
        case .unknownOutcome(let loss): loss != .cancelled
        case .temporary(let reply): reply.code == 421
        case .invalidEnvelope, .permanent, .cancelled, .overloaded, .closed, .fault: false
        }
    }

    /// For metrics: one of a dozen words.
    package var label: String {
        switch self {
        case .invalidEnvelope: "invalid_envelope"
        case .connect: "connect"
        case .tls: "tls"
        case .authentication: "authentication"
        case .timeout: "timeout"
        case .temporary: "temporary"
        case .permanent: "permanent"
        case .unknownOutcome: "unknown_outcome"
        case .cancelled: "cancelled"
        case .overloaded: "overloaded"
        case .closed: "closed"
        case .fault: "fault"
        }
    }
}

extension SMTPError {
    init(_ refusal: TransferGate.Refusal) {
        switch refusal {
        case .full: self = .overloaded
        case .expired: self = .timeout
        case .cancelled: self = .cancelled
        case .closed: self = .closed
        }
    }
}
