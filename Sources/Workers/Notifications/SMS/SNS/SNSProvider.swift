import Curl
import Foundation
import JobCore

/// Sends through Amazon SNS. A message that was handed over without an answer cannot be asked for.
struct SNSProvider: SMSProvider {
    let name = "sns"

    private let client: AWSClient
    private let senderID: String?
    private let maxPrice: String?

    /// Also `JOBS_SMS_SENDER_ID`, `JOBS_SMS_MAX_PRICE` (US dollars a message) and `SNS_URL` for tests.
    init(_ reader: SettingsReader) throws(SettingsReader.Mistake) {
        let settings = try AWSSettings(reader, for: "JOBS_SMS_PROVIDER=sns")
        let url = try reader.address("SNS_URL", else: "https://sns.\(settings.region).amazonaws.com")
        client = AWSClient(settings, url: url, service: "sns")
        senderID = reader.text("JOBS_SMS_SENDER_ID")
        maxPrice = reader.text("JOBS_SMS_MAX_PRICE")
        if let maxPrice, Double(maxPrice).map({ $0 > 0 && $0 < 100 }) != true {
            throw SettingsReader.Mistake(variable: "JOBS_SMS_MAX_PRICE", reason: "is a price in US dollars")
        }
    }

    func send(_ order: SMSOrder) async -> SMSVerdict {
        guard order.text.text.utf8.count <= 1600 else {
            return .refused(label: "sms_too_long", "SNS takes 1600 bytes")
        }
        var form = [
            ("Action", "Publish"), ("Version", "2010-03-31"), ("PhoneNumber", order.to.text),
            ("Message", order.text.text),
        ]
        var attributes = [("AWS.SNS.SMS.SMSType", "String", order.isPromotional ? "Promotional" : "Transactional")]
        if let senderID { attributes.append(("AWS.SNS.SMS.SenderID", "String", senderID)) }
        if let maxPrice { attributes.append(("AWS.SNS.SMS.MaxPrice", "Number", maxPrice)) }
        for (index, attribute) in attributes.enumerated() {
            let entry = "MessageAttributes.entry.\(index + 1)"
            form += [
                ("\(entry).Name", attribute.0), ("\(entry).Value.DataType", attribute.1),
                ("\(entry).Value.StringValue", attribute.2),
            ]
        }
        do {
            let response = try await client.post(
                "/",
                type: "application/x-www-form-urlencoded; charset=utf-8",
                Array(FormEncoding.text(form).utf8)
            )
            return SNSAnswer.verdict(status: response.status, body: response.text)
        } catch {
            return SMSVerdict(error, provider: name)
        }
    }

    func find(_ order: SMSOrder, since: Timestamp) async -> SMSFinding { .unknown }
}

/// The XML answers of SNS: a message id, or an error's code.
enum SNSAnswer {
    static func verdict(status: Int, body: String) -> SMSVerdict {
        if 200..<300 ~= status {
            guard let id = element("MessageId", of: body) else {
                return .unknown("SNS answered \(status) without an id")
            }
            return .queued(id)
        }
        let code = element("Code", of: body)?.prefix(60).description ?? ""
        let text = "SNS said \(status) \(code)"
        switch (status, code.hasSuffix("Exception") ? String(code.dropLast(9)) : code) {
        case (_, "Throttling"), (_, "Throttled"), (_, "KMSThrottling"), (_, "RequestLimitExceeded"), (429, _):
            return .later(after: nil, label: "sms_rate", text)
        case (_, "OptedOut"): return .optedOut(text)
        case (_, "EndpointDisabled"), (_, "InvalidParameter"), (_, "ParameterValueInvalid"), (_, "ValidationError"),
            (_, "Validation"):
            return .refused(label: "sms_refused", text)
        case (401, _), (403, _), (_, "InvalidClientTokenId"), (_, "SignatureDoesNotMatch"), (_, "InvalidSecurity"),
            (_, "PlatformApplicationDisabled"), (404, _):
            return .down(
                label: "sns_auth",
                "\(text): check AWS_ACCESS_KEY_ID, its secret, AWS_REGION and the policy sns:Publish"
            )
        case (400..<500, _) where code.hasPrefix("KMS"):
            return .down(label: "sns_auth", "\(text): check the key of KMS")
        case (500..., _): return .later(after: nil, label: "sns_unavailable", text)
        default: return .refused(label: "sms_refused", text)
        }
    }

    /// The text of the first element of that name. SNS writes neither attributes nor nested texts into these.
    static func element(_ name: String, of xml: String) -> String? {
        guard let open = xml.firstRange(of: "<\(name)>"),
            let close = xml[open.upperBound...].firstRange(of: "</\(name)>")
        else { return nil }
        let text = xml[open.upperBound..<close.lowerBound].trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? nil : text
    }
}
