import Curl
import Foundation
import JobCore

/// How mails leave, from the environment:
///
/// | variable | meaning |
/// |---|---|
/// | `JOBS_MAIL_TRANSPORT` | `smtp`, `ses` or `capture`; unset: `smtp` with `JOBS_SMTP_URL`, else `capture` |
/// | `JOBS_SMTP_URL` | `smtp://relay:587` or `smtps://relay:465`; unset: mails are written as .eml files |
/// | `JOBS_SMTP_USERNAME`, `JOBS_SMTP_PASSWORD` or `JOBS_SMTP_PASSWORD_FILE` | login |
/// | `JOBS_SMTP_TLS` | `starttls` (default for smtp://), `implicit` (for smtps://), `none` |
/// | `JOBS_SMTP_CA_FILE` | authority to trust besides none of the system's |
/// | `JOBS_SMTP_CONNECTIONS` | at once, 1…64, default 4 |
/// | `JOBS_MAIL_FROM` | sender's address, default `no-reply@checkin.example` |
/// | `JOBS_MAIL_FROM_NAME` | sender's name, default `CheckIn` |
/// | `JOBS_MAIL_CAPTURE_DIR` | where .eml files go, default `.jobs/mail` |
/// | `JOBS_DKIM_KEY_FILE`, `JOBS_DKIM_SELECTOR` | RSA key in PEM and its selector: mails are signed for the sender's domain |
/// | `JOBS_MAIL_TEMPLATES_DIR` | default `templates/email` in the directory of declarations |
struct EmailSettings: Sendable, CustomStringConvertible {
    typealias Mistake = SMTPConfiguration.Mistake

    private enum Way: Sendable {
        case smtp(SMTPConfiguration)
        case ses(SESTransport)
        case capture
    }

    private let way: Way
    let signer: DKIMSigner?
    let links: UnsubscribeLinks?
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
        way = try Self.way(environment)
        signer = try Self.signer(environment, domain: messageIDDomain)
        links = try UnsubscribeLinks(environment)
    }

    private static func way(_ environment: [String: String]) throws(Mistake) -> Way {
        let reader = SettingsReader(environment)
        let smtp = try SMTPConfiguration.fromEnvironment(environment)
        switch reader.text("JOBS_MAIL_TRANSPORT") {
        case "ses": return .ses(try SESTransport(reader))
        case "capture": return .capture
        case "smtp":
            guard let smtp else {
                throw Mistake(variable: "JOBS_SMTP_URL", reason: "is needed with JOBS_MAIL_TRANSPORT=smtp")
            }
            return .smtp(smtp)
        case nil: return smtp.map(Way.smtp) ?? .capture
        default: throw Mistake(variable: "JOBS_MAIL_TRANSPORT", reason: "is smtp, ses or capture")
        }
    }

    private static func signer(_ environment: [String: String], domain: String) throws(Mistake) -> DKIMSigner? {
        let reader = SettingsReader(environment)
        guard let path = reader.text("JOBS_DKIM_KEY_FILE") else { return nil }
        let pem = try reader.file("JOBS_DKIM_KEY_FILE", at: path)
        let selector = try reader.needed("JOBS_DKIM_SELECTOR", with: "JOBS_DKIM_KEY_FILE")
        guard selector.utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x7A ~= $0 || $0 == 0x2D || $0 == 0x2E }) else {
            throw Mistake(variable: "JOBS_DKIM_SELECTOR", reason: "is of a-z, 0-9, dots and hyphens")
        }
        do {
            return try DKIMSigner(domain: domain, selector: selector, pem: pem)
        } catch {
            throw Mistake(variable: "JOBS_DKIM_KEY_FILE", reason: "holds no RSA private key in PEM")
        }
    }

    var description: String {
        switch way {
        case .smtp(let configuration): "\(configuration)"
        case .ses: "Amazon SES"
        case .capture: "files in \(captureFolder)"
        }
    }

    static func captureFolder(_ environment: [String: String]) -> String {
        environment["JOBS_MAIL_CAPTURE_DIR"].flatMap { $0.isEmpty ? nil : $0 } ?? ".jobs/mail"
    }

    static func templateFolder(_ resources: WorkerResources) -> String {
        let chosen = resources.environment["JOBS_MAIL_TEMPLATES_DIR"].flatMap { $0.isEmpty ? nil : $0 }
        return chosen ?? "\(resources.jobsDirectory)/templates/email"
    }

    func makeTransport() throws -> any EmailTransport {
        switch way {
        case .smtp(let configuration): SMTPTransport(SMTPClient(configuration))
        case .ses(let transport): transport
        case .capture: try CaptureTransport(folder: captureFolder)
        }
    }
}
