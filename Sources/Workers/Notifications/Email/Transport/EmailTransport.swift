package import Curl

/// Where composed mails go. Each mail is tried once.
package protocol EmailTransport: Sendable {
    func deliver(_ mail: ComposedMail) async throws(EmailTransportError) -> EmailReceipt

    /// Whether a mail that is handed over twice is there once.
    var isIdempotent: Bool { get }
}

extension EmailTransport {
    package var isIdempotent: Bool { false }
}

package struct EmailReceipt: Sendable, Equatable {
    package var accepted: [MailAddress]
    /// Taken for others, refused for these.
    package var refused: [SMTPReceipt.Refused] = []
    /// The server's reply code and queue id, or the file.
    package var reference: String
}

package enum EmailTransportError: Error, Equatable, Sendable {
    case smtp(SMTPError)
    /// The file could not be written; the number is `errno`.
    case capture(errno: Int32)
    case ses(SESRefusal)

    package var isRetryable: Bool {
        switch self {
        case .smtp(let error): error.isRetryable
        case .capture: true
        case .ses(let refusal): refusal.meaning != .message
        }
    }

    /// Whether the server rather than this mail is at fault: what trips a breaker.
    package var concernsServer: Bool {
        switch self {
        case .smtp(let error): error.concernsServer
        case .capture: true
        case .ses(let refusal): refusal.meaning == .server
        }
    }

    package var label: String {
        switch self {
        case .smtp(let error): error.label
        case .capture: "capture"
        case .ses(let refusal): refusal.label
        }
    }
}
