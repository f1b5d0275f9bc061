import Curl
import Foundation
import JobCore
import Scheduler

/// The declared receivers whose variables are set; the others are off.
struct AlertReceivers {
    let byName: [String: any AlertReceiver]
    /// Declared, and without an address: with the variable that lacks.
    let off: [String: String]

    init(_ declaration: AlertDeclaration, environment: [String: String]) throws(ConfigurationError) {
        var byName: [String: any AlertReceiver] = [:]
        var off: [String: String] = [:]
        // Addresses that an operator wrote down: Alertmanager stands in the private network.
        let http = HTTPClient(HTTPClient.Configuration(addresses: .any))
        for receiver in declaration.receivers.values {
            if receiver.kind == .email {
                byName[receiver.name] = try AlertReceivers.email(receiver, environment)
                if byName[receiver.name] == nil { off[receiver.name] = "JOBS_SMTP_URL" }
                continue
            }
            let variable = receiver.source ?? ""
            guard let secret = try AlertReceivers.value(variable, environment) else {
                off[receiver.name] = variable
                continue
            }
            byName[receiver.name] =
                switch receiver.kind {
                case .alertmanager: AlertmanagerReceiver(url: secret, http: http)
                case .slack: SlackReceiver(url: secret, http: http)
                case .pagerduty:
                    PagerDutyReceiver(
                        key: secret,
                        http: http,
                        address: environment["JOBS_PAGERDUTY_URL"] ?? PagerDutyReceiver.address
                    )
                case .webhook: WebhookReceiver(url: secret, http: http)
                case .email: nil
                }
        }
        self.byName = byName
        self.off = off
    }

    private static func email(
        _ receiver: AlertDeclaration.Receiver,
        _ environment: [String: String]
    ) throws(ConfigurationError) -> (any AlertReceiver)? {
        do throws(SMTPConfiguration.Mistake) {
            guard let smtp = try SMTPConfiguration.fromEnvironment(environment) else { return nil }
            let from = environment["JOBS_MAIL_FROM"].flatMap { $0.isEmpty ? nil : $0 } ?? "no-reply@checkin.example"
            return EmailReceiver(smtp: SMTPClient(smtp), from: from, to: receiver.to)
        } catch {
            throw ConfigurationError("\(error)", remedy: "docs/families/email.md lists the variables of mail")
        }
    }

    /// The variable, or the file that `NAME_FILE` names.
    private static func value(
        _ name: String,
        _ environment: [String: String]
    ) throws(ConfigurationError) -> String? {
        if let direct = environment[name], !direct.isEmpty { return direct }
        guard let path = environment["\(name)_FILE"], !path.isEmpty else { return nil }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ConfigurationError("\(name)_FILE names a file that cannot be read", remedy: "check its path and mode")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
