import Foundation

extension SMTPConfiguration {
    /// What is wrong with a variable; never its value.
    package struct Mistake: Error, Sendable, Equatable, CustomStringConvertible {
        package let variable: String
        package let reason: String

        package init(variable: String, reason: String) {
            self.variable = variable
            self.reason = reason
        }

        package var description: String { "\(variable): \(reason)" }
    }

    /// The relay that `JOBS_SMTP_URL` names, with `_USERNAME`, `_PASSWORD` or `_PASSWORD_FILE`, `_TLS`, `_CA_FILE` and
    /// `_CONNECTIONS` (1…64, default 4). Nil when it names none.
    package static func fromEnvironment(_ environment: [String: String]) throws(Mistake) -> SMTPConfiguration? {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let url = value("JOBS_SMTP_URL") else { return nil }
        var password = value("JOBS_SMTP_PASSWORD")
        if let path = value("JOBS_SMTP_PASSWORD_FILE") {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw Mistake(variable: "JOBS_SMTP_PASSWORD_FILE", reason: "names a file that cannot be read")
            }
            password = text.trimmingCharacters(in: .newlines)
        }
        var security: Security?
        if let text = value("JOBS_SMTP_TLS") {
            guard let known = Security(rawValue: text) else {
                throw Mistake(variable: "JOBS_SMTP_TLS", reason: "is none, starttls or implicit")
            }
            security = known
        }
        var verification = TLSVerification()
        verification.caFile = value("JOBS_SMTP_CA_FILE")
        do throws(Defect) {
            var configuration = try SMTPConfiguration(
                url: url,
                username: value("JOBS_SMTP_USERNAME"),
                password: password,
                security: security,
                verification: verification,
                timeout: .seconds(30)
            )
            configuration.maxConnections =
                value("JOBS_SMTP_CONNECTIONS").flatMap(Int.init).map { min(max($0, 1), 64) } ?? 4
            return configuration
        } catch {
            throw Mistake(
                variable: "JOBS_SMTP_URL",
                reason: "\(error): see the variables of mail in docs/families/email.md"
            )
        }
    }
}
