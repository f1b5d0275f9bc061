import Foundation

/// Twilio's refusals. The codes are data, as Twilio wants it (they get split and renamed): a code that is not here goes by
/// its HTTP status.
enum TwilioAnswer {
    enum Meaning: Sendable, Equatable {
        case optedOut
        case number(String)
        case message(String)
        case rate
        case credentials(String)
        /// The sender's number or service.
        case sender(String)
    }

    static let codes: [Int: Meaning] = [
        20003: .credentials("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
        20429: .rate,
        21211: .number("sms_bad_number"),
        21212: .sender("TWILIO_FROM"),
        21606: .sender("TWILIO_FROM"),
        21610: .optedOut,
        21614: .number("sms_not_mobile"),
        21617: .message("sms_too_long"),
        30003: .number("sms_unreachable"),
        30005: .number("sms_unknown_number"),
        30006: .number("sms_landline"),
        30007: .message("sms_filtered"),
    ]

    /// Where Twilio names no time.
    static let rateDelay: Duration = .seconds(30)

    static func verdict(status: Int, body: [UInt8], retryAfter: String?) -> SMSVerdict {
        let answer = (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
        if 200..<300 ~= status {
            guard let sid = answer["sid"] as? String, !sid.isEmpty else {
                return .unknown("Twilio answered \(status) without a sid")
            }
            return .queued(sid)
        }
        let code = answer["code"] as? Int
        let text = code.map { "\(status) code \($0)" } ?? "\(status)"
        switch code.flatMap({ codes[$0] }) ?? meaning(of: status) {
        case .optedOut?: return .optedOut("Twilio said \(text)")
        case .number(let label)?, .message(let label)?: return .refused(label: label, "Twilio said \(text)")
        case .rate?:
            let delay = retryAfter.flatMap { RetryAfter.delay($0) } ?? rateDelay
            return .later(after: delay, label: "sms_rate", "Twilio said \(text)")
        case .credentials(let variables)?: return .down(label: "twilio_auth", "\(text): check \(variables)")
        case .sender(let variable)?: return .down(label: "twilio_sender", "\(text): check \(variable)")
        case nil: return .later(after: nil, label: "twilio_unavailable", "Twilio said \(text)")
        }
    }

    private static func meaning(of status: Int) -> Meaning? {
        switch status {
        case 401, 403: .credentials("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
        case 429: .rate
        case 404: .credentials("TWILIO_ACCOUNT_SID")
        case 400..<500: .message("sms_refused")
        default: nil
        }
    }

    /// Of a callback or a look-up: `message_enum_status` of the contract.
    static func state(_ status: String) -> MessageRecord.State? {
        switch status {
        case "accepted", "scheduled", "queued", "sending": .queued
        case "sent": .sent
        case "failed", "undelivered", "canceled": .failed
        case "delivered", "partially_delivered": .delivered
        case "read": .read
        default: nil
        }
    }
}
