import CryptoExtras
import Curl
import Foundation
import JobCore
import Testing

@testable import Workers

@Suite("DKIM and unsubscribing")
struct DKIMTests {
    private func environment(_ folder: String) throws -> [String: String] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        try key.pemRepresentation.write(toFile: folder + "/dkim.pem", atomically: true, encoding: .utf8)
        try key.publicKey.pemRepresentation.write(toFile: folder + "/public.pem", atomically: true, encoding: .utf8)
        let secret = Data((0..<32).map { UInt8($0) }).base64EncodedString()
        try secret.write(toFile: folder + "/unsubscribe.key", atomically: true, encoding: .utf8)
        return [
            "JOBS_DKIM_KEY_FILE": folder + "/dkim.pem", "JOBS_DKIM_SELECTOR": "jobs1",
            "JOBS_UNSUBSCRIBE_KEY_FILE": folder + "/unsubscribe.key",
            "JOBS_UNSUBSCRIBE_URL": "https://jobs.checkin.example/hooks/unsubscribe",
            "JOBS_MAIL_CAPTURE_DIR": folder + "/mail",
        ]
    }

    @Test("dkimpy verifies a mail as it leaves, one-click headers among what is signed; a changed one fails")
    func verified() async throws {
        let folder = NSTemporaryDirectory() + "dkim-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let settings = try EmailSettings(try environment(folder))
        let worker = EmailNotificationWorker(
            settings: settings,
            templates: try EmailTemplates(folder: Desk.repository + "/jobs/templates/email"),
            transport: try settings.makeTransport()
        )
        try await Desk.with(.embedded) { desk in
            let job = EmailNotification(
                to: "ana@example.com",
                template: "checkin_receipt",
                variables: ["name": "João  Ç", "venue": "Aurora ☕️", "date": "27/11/2026", "visits": 3],
                list: "social"
            )
            let context = desk.context(EmailNotification.self)
            #expect(try await worker.perform(job, context) == .done)
            let path = "\(folder)/mail/\(context.id)@checkin.example.eml"
            let bytes = try #require(FileManager.default.contents(atPath: path))
            #expect(try worker.compose(job, context).bytes == Array(bytes))
            let peer = try await PeerProcess(
                Desk.repository + "/Tests/WorkersTests/Peers/dkim_peer.py",
                [path, folder + "/public.pem", "jobs1", "checkin.example"]
            )
            let signed = Set(try #require(await peer.next("VALID ")).split(separator: " ").map(String.init))
            #expect(
                signed.isSuperset(of: ["from", "to", "subject", "date", "list-unsubscribe", "list-unsubscribe-post"])
            )
            #expect(await peer.next("TAMPERED ") == "INVALID")
            let text = String(decoding: bytes, as: UTF8.self)
            let line = try #require(text.split(separator: "\r\n").first { $0.hasPrefix("List-Unsubscribe: ") })
            #expect(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"))
            // The link leads to the address and the list, and to nothing else.
            let token = line.split(separator: "/").last.map { String($0.dropLast()) } ?? ""
            let opened = try #require(settings.links?.token.open(token))
            #expect(opened.address == "ana@example.com" && opened.list == "social")
            #expect(!token.contains("ana"))
            #expect(settings.links?.token.open(String(token.dropLast(2)) + "AA") == nil)
        }
    }

    @Test("a bounce, a complaint and an unsubscription each keep further mails back", arguments: Desk.Profile.underTest)
    func suppressed(profile: Desk.Profile) async throws {
        try await Desk.with(profile) { desk in
            let kept = KeptTransport()
            let worker = EmailNotificationWorker(
                settings: try EmailSettings([:]),
                templates: try EmailTemplates(folder: Desk.repository + "/jobs/templates/email"),
                transport: kept
            )
            func send(_ to: String, list: String?) async throws {
                var job = EmailNotification(to: to, template: "welcome", variables: ["name": "Ana"])
                job.list = list
                #expect(try await worker.perform(job, desk.context(EmailNotification.self)) == .done)
            }
            try await desk.write { session throws(StoreError) in
                try session.suppress([
                    Suppression(.email, "Bounce@example.com", .bounce),
                    Suppression(.email, "left@example.com", list: "social", .unsubscribe),
                ])
            }
            try await send("bounce@EXAMPLE.com", list: nil)
            try await send("left@example.com", list: "social")
            #expect(kept.count == 0)
            try await send("left@example.com", list: nil)
            try await send("left@example.com", list: "news")
            #expect(kept.count == 2)
            let event =
                #"{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"x@example.com"}]}}"#
            let notice = ["Type": "Notification", "Message": event]
            let transient =
                #"{"notificationType":"Bounce","bounce":{"bounceType":"Transient","bouncedRecipients":[{"emailAddress":"y@example.com"}]}}"#
            #expect(SESFeedback.suppressions(notice) == [Suppression(.email, "x@example.com", .complaint)])
            #expect(SESFeedback.suppressions(["Type": "Notification", "Message": transient]).isEmpty)
        }
    }

    @Test("a server that knows no such mailbox is believed")
    func unknownMailbox() async throws {
        try await Desk.with(.embedded) { desk in
            let worker = EmailNotificationWorker(
                settings: try EmailSettings([:]),
                templates: try EmailTemplates(folder: Desk.repository + "/jobs/templates/email"),
                transport: KeptTransport(.smtp(.permanent(SMTPReply(code: 550, enhanced: "5.1.1", text: "unknown"))))
            )
            let job = EmailNotification(to: "nobody@example.com", template: "welcome", variables: ["name": "Ana"])
            await #expect(throws: JobError.self) {
                try await worker.perform(job, desk.context(EmailNotification.self))
            }
            let reason = try await desk.write { session throws(StoreError) in
                try session.suppression(.email, "nobody@example.com")
            }
            #expect(reason == .bounce)
        }
    }
}

/// Keeps mails, or answers all of them with one error.
private final class KeptTransport: EmailTransport {
    private let error: EmailTransportError?
    private let kept = Counter()

    init(_ error: EmailTransportError? = nil) { self.error = error }

    var count: Int { kept.value }

    func deliver(_ mail: ComposedMail) async throws(EmailTransportError) -> EmailReceipt {
        if let error { throw error }
        kept.increment()
        return EmailReceipt(accepted: mail.envelope.recipients, reference: "kept")
    }
}
