import Curl
import Foundation
import Testing
import Workers

/// Every text a job or a setting can bring into a mail or its dialogue, with every way to break a line.
@Suite struct `CR and LF never get through` {
    static let attacks = ["\r\n", "\n", "\r", "\0", "\u{85}", "\u{2028}", "\u{7F}", "\u{1B}"]
    static let fields = [
        "from.name", "from.address", "to.name", "to.address", "reply_to.name", "reply_to.address", "subject",
        "message_id", "list_unsubscribe", "list_id", "envelope.from", "envelope.recipient", "helo", "username",
        "password", "url", "template.name",
    ]

    @Test(arguments: fields, attacks)
    func `refused in each field`(field: String, attack: String) throws {
        // U+0085 and U+2028 are ordinary letters in UTF-8 to a login, which is sent as base64 of its bytes.
        if ["username", "password"].contains(field), attack.utf8.count > 1 { return }
        let smuggled = "x\(attack)RCPT TO:<evil@example.org>"
        #expect(throws: (any Error).self) { try use(smuggled, in: field) }
    }

    @Test(arguments: fields)
    func `a harmless value passes in each field`(field: String) throws {
        let harmless =
            switch field {
            case "list_unsubscribe": "https://checkin.test/u"
            case "url": "smtp://127.0.0.1:25"
            case let name where name.hasSuffix("address") || name.hasPrefix("envelope") || name == "message_id":
                "x@example.org"
            case "template.name": "welcome"
            default: "x"
            }
        try use(harmless, in: field)
    }

    @Test func `a body cannot end the mail early`() async throws {
        let folder = try MailFolder()
        let sink = try await sinkPeer(["-d", "\(folder.path)/mail."])
        let client = SMTPClient(
            try SMTPConfiguration(url: "smtp://127.0.0.1:\(sink.port)", security: SMTPConfiguration.Security.none)
        )
        let attack = "a\r\n.\r\nMAIL FROM:<evil@example.org>\r\n.\n.\r.\r\nb\n"
        let mail = try message(text: attack, html: attack).composed()
        _ = try await SMTPTransport(client).deliver(mail)
        let read = try await ReadMail.all(in: folder.path)
        #expect(read.count == 1)
        #expect(read.first?.text?.contains("MAIL FROM:<evil@example.org>") == true)
    }

    @Test(arguments: ["a\nb\r\n", "a\rb\r\n", "a\r\n.\nb\r\n", "é\r\n", "a", "", "a\0b\r\n", "\r\r\n"])
    func `the client refuses a message with bare line ends`(text: String) async throws {
        let client = SMTPClient(
            try SMTPConfiguration(url: "smtp://127.0.0.1:1", security: SMTPConfiguration.Security.none)
        )
        let envelope = try SMTPEnvelope(from: "a@b.test", recipients: ["c@d.test"])
        do {
            _ = try await client.deliver(envelope, message: Array(text.utf8))
            Issue.record("was sent")
        } catch {
            #expect(error.label == "invalid_envelope")
            #expect(!error.isRetryable)
        }
    }

    private func use(_ value: String, in field: String) throws {
        switch field {
        case "from.name": _ = try message(from: Mailbox(name: value, "a@b.test")).composed()
        case "from.address": _ = try message(from: Mailbox(value, field: .from)).composed()
        case "to.name": _ = try message(to: [Mailbox(name: value, "a@b.test")]).composed()
        case "to.address": _ = try message(to: [Mailbox(value)]).composed()
        case "reply_to.name": _ = try message(replyTo: Mailbox(name: value, "a@b.test")).composed()
        case "reply_to.address": _ = try message(replyTo: Mailbox(value)).composed()
        case "subject": _ = try message(subject: value).composed()
        case "message_id": _ = try MessageID(value)
        case "list_unsubscribe":
            var mail = try message()
            mail.listUnsubscribe = value
            _ = try mail.composed()
        case "list_id":
            var mail = try message()
            mail.listID = value
            _ = try mail.composed()
        case "envelope.from": _ = try SMTPEnvelope(from: value, recipients: ["a@b.test"])
        case "envelope.recipient": _ = try SMTPEnvelope(from: "a@b.test", recipients: [value])
        case "helo": _ = try SMTPConfiguration(url: "smtp://mail.test", heloName: value)
        case "username": _ = try SMTPConfiguration(url: "smtp://mail.test", username: value, password: "x")
        case "password": _ = try SMTPConfiguration(url: "smtp://mail.test", username: "x", password: value)
        case "url": _ = try SMTPConfiguration(url: value.hasPrefix("smtp") ? value : "smtp://\(value)")
        case "template.name": _ = try templates().render(value, locale: "en", values: ["name": "x"])
        default: Issue.record("no such field: \(field)")
        }
    }
}

func templates() throws -> EmailTemplates {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    return try EmailTemplates(folder: root.appending(path: "jobs/templates/email").path)
}
