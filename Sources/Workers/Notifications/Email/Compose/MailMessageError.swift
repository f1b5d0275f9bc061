package import Curl

/// What keeps a message from being composed. All of these are about the message: trying again changes nothing.
package enum MailMessageError: Error, Equatable, Sendable {
    package enum Field: String, Sendable {
        case from
        case to
        case replyTo = "reply_to"
        case subject
        case messageID = "message_id"
        case listUnsubscribe = "list_unsubscribe"
        case listID = "list_id"
        case text
        case html
    }

    case address(Field, MailAddress.Defect)
    /// A line end or another control character in a header.
    case controlCharacter(Field)
    case tooLong(Field)
    case malformed(Field)
    /// Not between 1 and 100 recipients.
    case recipientCount

    package var label: String {
        switch self {
        case .address: "address"
        case .controlCharacter: "control_character"
        case .tooLong: "too_long"
        case .malformed: "malformed"
        case .recipientCount: "recipient_count"
        }
    }
}
