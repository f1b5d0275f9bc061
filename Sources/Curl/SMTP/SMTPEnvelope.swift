/// Who sends and who receives, as the server is told; the message's own headers do not matter to it.
package struct SMTPEnvelope: Sendable, Hashable {
    package let from: MailAddress
    /// 1...100
    package let recipients: [MailAddress]

    package init(from: MailAddress, recipients: [MailAddress]) throws(SMTPError) {
        guard 1...100 ~= recipients.count else { throw .invalidEnvelope(.recipient, reason: "count") }
        self.from = from
        self.recipients = recipients
    }

    package init(from: String, recipients: [String]) throws(SMTPError) {
        let sender: MailAddress
        do { sender = try MailAddress(from) } catch { throw .invalidEnvelope(.from, reason: error.rawValue) }
        var checked: [MailAddress] = []
        for text in recipients {
            do { checked.append(try MailAddress(text)) } catch {
                throw .invalidEnvelope(.recipient, reason: error.rawValue)
            }
        }
        try self.init(from: sender, recipients: checked)
    }
}
