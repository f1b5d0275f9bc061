import Curl
import Foundation
import JobCore

/// How mails leave, from the environment:
///
/// | variable | meaning |
/// |---|---|
/// | `JOBS_SMTP_URL` | `smtp://relay:587` or `smtps://relay:465`; unset: mails are written as .eml files |
/// | `JOBS_SMTP_USERNAME`, `JOBS_SMTP_PASSWORD` or `JOBS_SMTP_PASSWORD_FILE` | login |
/// | `JOBS_SMTP_TLS` | `starttls` (default for smtp://), `implicit` (for smtps://), `none` |
/// | `JOBS_SMTP_CA_FILE` | authority to trust besides none of the system's |
/// | `JOBS_SMTP_CONNECTIONS` | at once, 1…64, default 4 |
/// | `JOBS_MAIL_FROM` | sender's address, default `no-reply@checkin.example` |
/// | `JOBS_MAIL_FROM_NAME` | sender's name, default `CheckIn` |
/// | `JOBS_MAIL_CAPTURE_DIR` | where .eml files go, default `.jobs/mail` |
/// | `JOBS_MAIL_TEMPLATES_DIR` | default `templates/email` in the directory of declarations |
struct EmailSettings: Sendable, CustomStringConvertible {
    typealias Mistake = SMTPConfiguration.Mistake

    let smtp: SMTPConfiguration?
    let captureFolder: String
    let from: Mailbox
    /// Domain of the Message-IDs: the sender's.
    let messageIDDomain: String

    init(_ environment: [String: String]) throws {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let address = value("JOBS_MAIL_FROM") ?? "no-reply@checkin.example"
        do {
            from = try Mailbox(name: value("JOBS_MAIL_FROM_NAME") ?? "CheckIn", address, field: .from)
        } catch {
            throw Mistake(variable: "JOBS_MAIL_FROM", reason: "is not a mail address")
        }
        messageIDDomain = address.split(separator: "@").last.map(String.init) ?? "checkin.example"
        captureFolder = EmailSettings.captureFolder(environment)
        smtp = try SMTPConfiguration.fromEnvironment(environment)
    }

    var description: String {
        smtp.map { "\($0)" } ?? "files in \(captureFolder)"
    }

    static func captureFolder(_ environment: [String: String]) -> String {
        environment["JOBS_MAIL_CAPTURE_DIR"].flatMap { $0.isEmpty ? nil : $0 } ?? ".jobs/mail"
    }

    static func templateFolder(_ resources: WorkerResources) -> String {
        let chosen = resources.environment["JOBS_MAIL_TEMPLATES_DIR"].flatMap { $0.isEmpty ? nil : $0 }
        return chosen ?? "\(resources.jobsDirectory)/templates/email"
    }

    func makeTransport() throws -> any EmailTransport {
        guard let smtp else { return try CaptureTransport(folder: captureFolder) }
        return SMTPTransport(SMTPClient(smtp))
    }
}
