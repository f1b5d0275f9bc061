package import Curl

/// Sends mails through a server.
package struct SMTPTransport: EmailTransport {
    private let client: SMTPClient

    package init(_ client: SMTPClient) { self.client = client }

    package func deliver(_ mail: ComposedMail) async throws(EmailTransportError) -> EmailReceipt {
        do {
            let receipt = try await client.deliver(mail.envelope, message: mail.bytes)
            return EmailReceipt(
                accepted: receipt.accepted,
                refused: receipt.refused,
                reference: receipt.reply.map { "\($0) \($0.text)" } ?? ""
            )
        } catch {
            throw .smtp(error)
        }
    }
}
