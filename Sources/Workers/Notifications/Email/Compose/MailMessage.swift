package import Curl

/// A mail as a value. `composed()` checks it and writes it down; the same value always gives the same bytes.
package struct MailMessage: Sendable {
    package var from: Mailbox
    package var to: [Mailbox]
    package var replyTo: Mailbox?
    package var subject: String
    /// Plain text; any line ends.
    package var text: String
    /// nil makes a mail of plain text only.
    package var html: String?
    package var messageID: MessageID
    /// Since 1970, in milliseconds. The job's birth rather than the moment of sending, so that a retry does not differ.
    package var dateMilliseconds: Int64
    /// An https address that takes the one-click POST of RFC 8058; writes both headers.
    package var listUnsubscribe: String?
    /// A host name that identifies the list, RFC 2919.
    package var listID: String?
    /// Tells autoresponders to keep quiet, RFC 3834. Default true.
    package var isAutomatic = true
    /// Where bounces go, if not to `from`.
    package var envelopeFrom: MailAddress?

    package init(
        from: Mailbox,
        to: [Mailbox],
        replyTo: Mailbox? = nil,
        subject: String,
        text: String,
        html: String? = nil,
        messageID: MessageID,
        dateMilliseconds: Int64,
        listUnsubscribe: String? = nil,
        listID: String? = nil
    ) {
        self.from = from
        self.to = to
        self.replyTo = replyTo
        self.subject = subject
        self.text = text
        self.html = html
        self.messageID = messageID
        self.dateMilliseconds = dateMilliseconds
        self.listUnsubscribe = listUnsubscribe
        self.listID = listID
    }
}

/// A mail ready for any transport.
package struct ComposedMail: Sendable {
    package let messageID: MessageID
    package let envelope: SMTPEnvelope
    /// RFC 5322 in ASCII with CRLF line ends.
    package let bytes: [UInt8]
}
