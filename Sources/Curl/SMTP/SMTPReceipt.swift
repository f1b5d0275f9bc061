/// The server took the mail for at least one recipient.
package struct SMTPReceipt: Sendable, Equatable {
    package struct Refused: Sendable, Equatable {
        package let recipient: MailAddress
        package let reply: SMTPReply
    }

    /// The answer to the end of data; carries the server's queue id more often than not.
    package let reply: SMTPReply?
    package internal(set) var accepted: [MailAddress] = []
    /// Recipients the server refused while it took others: each has its own reply and its own fate.
    package internal(set) var refused: [Refused] = []
    /// False when an idle connection was used again.
    package internal(set) var openedConnection = false

    init(reply: SMTPReply?) { self.reply = reply }
}
