import Curl
import Foundation
import JobCore

/// Sends through Twilio's Messages resource. It knows no idempotency key, but it can be asked which messages a number got.
struct TwilioProvider: SMSProvider {
    let name = "twilio"

    private let settings: TwilioSettings
    private let client: HTTPClient

    init(_ settings: TwilioSettings) {
        self.settings = settings
        var configuration = HTTPClient.Configuration(addresses: .loopbackAllowed)
        configuration.name = "twilio"
        client = HTTPClient(configuration)
    }

    func send(_ order: SMSOrder) async -> SMSVerdict {
        var form = [("To", order.to.text), ("Body", order.text.text), settings.sender]
        if let url = settings.statusURL { form.append(("StatusCallback", url)) }
        if let end = order.usefulUntil {
            // Twilio takes 1 to 36 000 s and wants more than 5.
            let left = end.duration(since: .now()).components.seconds
            form.append(("ValidityPeriod", "\(min(max(left, 6), 36_000))"))
        }
        do {
            let response = try await client.send(
                HTTPRequest(
                    "POST",
                    address,
                    headers: [
                        "authorization": authorization, "content-type": "application/x-www-form-urlencoded",
                    ],
                    body: Array(FormEncoding.text(form).utf8),
                    timeout: .seconds(20),
                    maxResponseBytes: 65_536
                )
            )
            return TwilioAnswer.verdict(
                status: response.status,
                body: response.body,
                retryAfter: response.headers["retry-after"]
            )
        } catch {
            return SMSVerdict(error, provider: name)
        }
    }

    func find(_ order: SMSOrder, since: Timestamp) async -> SMSFinding {
        // A day's granularity, and one back: the two clocks differ.
        let day = Timestamp(milliseconds: since.milliseconds - 86_400_000).description.prefix(10)
        let query = "To=\(FormEncoding.encode(order.to.text))&DateSent%3E=\(day)&PageSize=100"
        do {
            let response = try await client.send(
                HTTPRequest("GET", "\(address)?\(query)", headers: ["authorization": authorization])
            )
            guard response.status == 200,
                let answer = try? JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any],
                let messages = answer["messages"] as? [[String: Any]]
            else { return .unreachable("Twilio answered \(response.status) to the question") }
            let found = messages.first { $0["body"] as? String == order.text.text }
            return (found?["sid"] as? String).map(SMSFinding.there) ?? .absent
        } catch {
            return .unreachable("Twilio was not reached for the question (\(error.label))")
        }
    }

    private var address: String { "\(settings.url)/2010-04-01/Accounts/\(settings.accountSID)/Messages.json" }

    private var authorization: String {
        "Basic " + Data("\(settings.accountSID):\(settings.token)".utf8).base64EncodedString()
    }
}

extension SMSVerdict {
    init(_ error: HTTPError, provider: String) {
        switch error {
        case .resolve, .connect, .forbiddenAddress, .tls:
            self = .down(label: "\(provider)_unreachable", "no connection to \(provider) (\(error.label))")
        case .timeout(sent: false), .overloaded, .closed:
            self = .later(after: nil, label: "\(provider)_unavailable", "no turn at \(provider) in time")
        case .timeout(sent: true), .interrupted, .malformedResponse, .tooLarge, .fault, .cancelled:
            self = .unknown("handed to \(provider), and no answer came (\(error.label))")
        case .invalidRequest(let part):
            self = .refused(label: "sms_refused", "the request has a bad \(part.rawValue)")
        }
    }
}
