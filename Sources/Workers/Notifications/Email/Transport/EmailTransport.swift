package import Curl

/// Where composed mails go. Each mail is tried once.
package protocol EmailTransport: Sendable {
    func deliver(_ mail: ComposedMail) async throws(EmailTransportError) -> EmailReceipt
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

    package var isRetryable: Bool {
        switch self {
        case .smtp(let error): error.isRetryable
        case .capture: true
        }
    }

    /// Whether the server rather than this mail is at fault: what trips a breaker.
    package var concernsServer: Bool {
        switch self {
        case .smtp(let error): error.concernsServer
        case .capture: true
        }
    }

    package var label: String {
        switch self {
        case .smtp(let error): error.label
        case .capture: "capture"
        }
    }
}
