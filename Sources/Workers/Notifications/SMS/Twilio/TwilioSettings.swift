import Curl

/// | variable | meaning |
/// |---|---|
/// | `TWILIO_ACCOUNT_SID` | AC and 32 hexadecimal digits |
/// | `TWILIO_AUTH_TOKEN` or `TWILIO_AUTH_TOKEN_FILE` | its password |
/// | `TWILIO_FROM` or `TWILIO_MESSAGING_SERVICE_SID` | who sends |
/// | `TWILIO_STATUS_URL` | where Twilio tells what became of a message: this platform's `/hooks/twilio/status` as the world sees it |
/// | `TWILIO_URL` | another server: for tests |
struct TwilioSettings: Sendable {
    let accountSID: String
    let token: String
    let sender: (name: String, value: String)
    let statusURL: String?
    let url: String

    init(_ reader: SettingsReader) throws(SettingsReader.Mistake) {
        accountSID = try reader.needed("TWILIO_ACCOUNT_SID", with: "JOBS_SMS_PROVIDER=twilio")
        guard Self.isSID(accountSID, "AC") else {
            throw SettingsReader.Mistake(variable: "TWILIO_ACCOUNT_SID", reason: "is AC and 32 hexadecimal digits")
        }
        guard let token = try reader.secret("TWILIO_AUTH_TOKEN") else {
            throw SettingsReader.Mistake(variable: "TWILIO_AUTH_TOKEN", reason: "is needed with TWILIO_ACCOUNT_SID")
        }
        self.token = token
        if let service = reader.text("TWILIO_MESSAGING_SERVICE_SID") {
            guard Self.isSID(service, "MG") else {
                throw SettingsReader.Mistake(
                    variable: "TWILIO_MESSAGING_SERVICE_SID",
                    reason: "is MG and 32 hexadecimal digits"
                )
            }
            sender = ("MessagingServiceSid", service)
        } else {
            sender = ("From", try reader.needed("TWILIO_FROM", with: "TWILIO_ACCOUNT_SID"))
        }
        statusURL = try reader.text("TWILIO_STATUS_URL").map { _ throws(SettingsReader.Mistake) in
            try reader.address("TWILIO_STATUS_URL", else: "")
        }
        url = try reader.address("TWILIO_URL", else: "https://api.twilio.com")
    }

    private static func isSID(_ text: String, _ prefix: String) -> Bool {
        text.hasPrefix(prefix) && text.utf8.count == 34
            && text.utf8.dropFirst(2).allSatisfy { 0x30...0x39 ~= $0 || 0x41...0x46 ~= $0 || 0x61...0x66 ~= $0 }
    }
}
