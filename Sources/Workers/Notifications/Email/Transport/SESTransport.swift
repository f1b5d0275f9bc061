import Curl
import Foundation

/// Sends mails through Amazon SES v2, in raw form: headers and signature stay as they were composed.
struct SESTransport: EmailTransport {
    private let client: AWSClient
    private let configurationSet: String?

    /// Also `JOBS_SES_CONFIGURATION_SET`, and `SES_URL` for tests.
    init(_ reader: SettingsReader) throws(SettingsReader.Mistake) {
        let settings = try AWSSettings(reader, for: "JOBS_MAIL_TRANSPORT=ses")
        let url = try reader.address("SES_URL", else: "https://email.\(settings.region).amazonaws.com")
        client = AWSClient(settings, url: url, service: "ses")
        configurationSet = reader.text("JOBS_SES_CONFIGURATION_SET")
    }

    func deliver(_ mail: ComposedMail) async throws(EmailTransportError) -> EmailReceipt {
        var order: [String: Any] = [
            "FromEmailAddress": mail.envelope.from.text,
            "Destination": ["ToAddresses": mail.envelope.recipients.map(\.text)],
            "Content": ["Raw": ["Data": Data(mail.bytes).base64EncodedString()]],
        ]
        if let configurationSet { order["ConfigurationSetName"] = configurationSet }
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        guard let body = try? JSONSerialization.data(withJSONObject: order, options: options) else {
            throw .ses(SESRefusal(.message, label: "bad_address", "the order does not encode"))
        }
        let response: HTTPResponse
        do {
            response = try await client.post("/v2/email/outbound-emails", type: "application/json", Array(body))
        } catch {
            throw .ses(SESRefusal(error))
        }
        let answer = (try? JSONSerialization.jsonObject(with: Data(response.body))) as? [String: Any] ?? [:]
        guard response.isSuccess else {
            let type = response.headers["x-amzn-errortype"] ?? answer["__type"] as? String ?? ""
            throw .ses(SESRefusal(status: response.status, type: type))
        }
        return EmailReceipt(accepted: mail.envelope.recipients, reference: answer["MessageId"] as? String ?? "")
    }
}

/// Why SES did not take a mail, or may not have.
package struct SESRefusal: Error, Sendable, Equatable {
    package enum Meaning: Sendable, Equatable {
        /// This mail, now and later.
        case message
        /// Was not taken; later perhaps.
        case later
        /// Was handed over without an answer.
        case unknown
        /// SES does not serve this account, or is not there.
        case server
    }

    package let meaning: Meaning
    package let label: String
    package let text: String

    init(_ meaning: Meaning, label: String, _ text: String) {
        self.meaning = meaning
        self.label = label
        self.text = text
    }

    package init(status: Int, type: String) {
        // Such as `MessageRejected:http://…` or `com.amazonaws.ses#MessageRejected`.
        let name = type.split(separator: ":").first?.split(separator: "#").last.map { $0.prefix(60).description } ?? ""
        let text = "SES said \(status) \(name)"
        switch (status, name.hasSuffix("Exception") ? String(name.dropLast(9)) : name) {
        case (_, "TooManyRequests"), (_, "LimitExceeded"), (_, "Throttling"), (429, _):
            self.init(.later, label: "ses_throttled", text)
        case (_, "AccountSuspended"), (_, "SendingPaused"):
            self.init(.server, label: "ses_suspended", "\(text): the account's sending is stopped, see the SES console")
        case (_, "MailFromDomainNotVerified"):
            self.init(.server, label: "ses_sender", "\(text): verify the domain of JOBS_MAIL_FROM in SES")
        case (_, "MessageRejected"), (_, "BadRequest"): self.init(.message, label: "ses_rejected", text)
        case (401, _), (403, _), (404, _):
            self.init(
                .server,
                label: "ses_auth",
                "\(text): check AWS_ACCESS_KEY_ID, its secret, AWS_REGION and the policy ses:SendRawEmail"
            )
        case (500..., _): self.init(.later, label: "ses_unavailable", text)
        default: self.init(.message, label: "ses_rejected", text)
        }
    }

    init(_ error: HTTPError) {
        switch error {
        case .resolve, .connect, .tls, .forbiddenAddress:
            self.init(.server, label: "ses_unreachable", "no connection to SES (\(error.label))")
        case .timeout(sent: false), .overloaded, .closed:
            self.init(.later, label: "ses_unavailable", "no turn at SES in time")
        case .timeout(sent: true), .interrupted, .malformedResponse, .tooLarge, .fault, .cancelled:
            self.init(.unknown, label: "ses_unknown", "handed over, but no answer came (\(error.label))")
        case .invalidRequest: self.init(.message, label: "ses_rejected", "the request cannot be made")
        }
    }
}
