import Curl
import JobCore

/// | variable | meaning |
/// |---|---|
/// | `JOBS_SMS_PROVIDER` | `twilio`, `sns` or `capture` (default) |
/// | `JOBS_SMS_COUNTRIES` | calling codes that may be written to, each with its most messages a day (UTC): default `55:100000` |
/// | `JOBS_SMS_MAX_SEGMENTS` | parts that one text may cost, 1…10, default 3 |
struct SMSSettings: Sendable, CustomStringConvertible {
    /// Nil: captured.
    let provider: (any SMSProvider)?
    let countries: [String: Int]
    let maxSegments: Int

    init(_ environment: [String: String]) throws(SettingsReader.Mistake) {
        let reader = SettingsReader(environment)
        switch reader.text("JOBS_SMS_PROVIDER") ?? "capture" {
        case "capture": provider = nil
        case "twilio": provider = TwilioProvider(try TwilioSettings(reader))
        case "sns": provider = try SNSProvider(reader)
        default: throw SettingsReader.Mistake(variable: "JOBS_SMS_PROVIDER", reason: "is twilio, sns or capture")
        }
        maxSegments = try reader.integer("JOBS_SMS_MAX_SEGMENTS", in: 1...10, else: 3)
        var countries: [String: Int] = [:]
        for part in (reader.text("JOBS_SMS_COUNTRIES") ?? "55:100000").split(separator: ",") {
            let sides = part.split(separator: ":").map { $0.filter { $0 != " " } }
            guard sides.count == 2, PhoneNumber.callingCodes.contains(sides[0]), let daily = Int(sides[1]), daily >= 0
            else {
                throw SettingsReader.Mistake(
                    variable: "JOBS_SMS_COUNTRIES",
                    reason: "is of calling codes with a daily maximum each, such as 55:100000,351:200"
                )
            }
            countries[sides[0]] = daily
        }
        self.countries = countries
    }

    init(provider: (any SMSProvider)?, countries: [String: Int] = ["55": 100_000], maxSegments: Int = 3) {
        self.provider = provider
        self.countries = countries
        self.maxSegments = maxSegments
    }

    var description: String { provider?.name ?? "captured" }
}
