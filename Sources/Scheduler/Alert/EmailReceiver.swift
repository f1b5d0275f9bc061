package import Curl
import Foundation
package import JobCore

/// A mail straight to the relay, not through the platform that is in trouble.
package struct EmailReceiver: AlertReceiver {
    package let isRefreshed = false
    private let smtp: SMTPClient
    private let from: String
    private let to: [String]

    package init(smtp: SMTPClient, from: String, to: [String]) {
        self.smtp = smtp
        self.from = from
        self.to = to
    }

    package func tell(_ alerts: [AlertRecord], display: String) async throws(AlertDeliveryError) {
        for record in alerts {
            do throws(SMTPError) {
                let envelope = try SMTPEnvelope(from: from, recipients: to)
                _ = try await smtp.deliver(envelope, message: message(record, display))
            } catch {
                throw AlertDeliveryError(error.label)
            }
        }
    }

    /// The body in base64, so that no line of it can be a header or end the mail.
    private func message(_ record: AlertRecord, _ display: String) -> [UInt8] {
        let subject = EmailReceiver.plain(record.headline)
        let body = Data("\(record.text)\nplatform: \(display)\n".utf8).base64EncodedString(options: [
            .lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed,
        ])
        let text = """
            From: <\(from)>\r
            To: \(to.map { "<\($0)>" }.joined(separator: ", "))\r
            Subject: \(subject)\r
            Message-ID: <\(JobID())@jobs>\r
            MIME-Version: 1.0\r
            Content-Type: text/plain; charset=utf-8\r
            Content-Transfer-Encoding: base64\r
            Auto-Submitted: auto-generated\r
            \r
            \(body)\r

            """
        return Array(text.utf8)
    }

    /// Printable ASCII alone: names of queues and schedules are nothing else, and errors may be anything.
    private static func plain(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { (0x20...0x7E).contains($0.value) ? $0 : "?" }))
    }
}
