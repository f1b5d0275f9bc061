import Curl
import Foundation
import JobCore
import Logging
import Testing

@testable import Workers

@Suite("The mail worker")
struct EmailNotificationWorkerTests {
    /// Answers every mail with the same error, or keeps it.
    private struct ScriptedTransport: EmailTransport {
        let error: EmailTransportError?

        func deliver(_ mail: ComposedMail) async throws(EmailTransportError) -> EmailReceipt {
            if let error { throw error }
            return EmailReceipt(accepted: mail.envelope.recipients, reference: "kept")
        }
    }

    /// A store that knows nobody, so nobody is kept back from mails.
    private struct EmptyStore: StoreDriver {
        private struct Session: SQLSession {
            let dialect = Dialect.sqlite

            func execute(_ sql: String, _ parameters: SQLParameters) throws(StoreError) -> Int { 0 }
            func query(_ sql: String, _ parameters: SQLParameters) throws(StoreError) -> [SQLRow] { [] }
            func executeBatch(_ sql: String, _ batch: [SQLParameters]) throws(StoreError) -> [Int] {
                batch.map { _ in 0 }
            }
        }

        let dialect = Dialect.sqlite

        func write<T: Sendable>(
            _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
        ) async throws(StoreError) -> T { try body(Session()) }

        func read<T: Sendable>(
            _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
        ) async throws(StoreError) -> T { try body(Session()) }

        func migrate(
            _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> Void
        ) async throws(StoreError) { try body(Session()) }
    }

    private struct NoBroker: Broker {
        func publish(_ messages: [WireMessage], deadline: Duration) async -> [Result<Void, PublishError>] {
            messages.map { _ in .failure(.unavailable("no broker in this test")) }
        }
        func consume(_ queue: String, credit: Int) async throws(BrokerError) -> any Consumption { throw .stale }
        func depths(_ queues: [String]) async throws(BrokerError) -> [String: QueueDepth] { [:] }
        func plan(_ topology: Topology) async throws(BrokerError) -> [TopologyChange] { [] }
        func apply(_ changes: [TopologyChange], of topology: Topology) async throws(BrokerError) {}
        func ping() async throws(BrokerError) {}
    }

    static var repository: String {
        var path = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { path.deleteLastPathComponent() }
        return path.path
    }

    private func worker(_ error: EmailTransportError? = nil) throws -> EmailNotificationWorker {
        EmailNotificationWorker(
            settings: try EmailSettings([:]),
            templates: try EmailTemplates(folder: Self.repository + "/jobs/templates/email"),
            transport: ScriptedTransport(error: error)
        )
    }

    private func context(_ id: JobID = JobID(), attempt: Int = 1) -> JobContext {
        let store = Store(driver: EmptyStore())
        return JobContext(
            id: id,
            job: EmailNotification.name,
            attempt: attempt,
            enqueuedAt: Timestamp(milliseconds: 1_795_300_000_000),
            deadline: .now.advanced(by: .seconds(5)),
            logger: Logger(label: "test"),
            client: JobClient(broker: NoBroker(), store: store),
            store: store
        )
    }

    private let welcome = EmailNotification(to: "ana@example.com", template: "welcome", variables: ["name": "Ana"])

    @Test("every attempt of a job composes the same bytes, with the job's id as Message-ID")
    func stable() throws {
        let id = JobID()
        let first = try worker().compose(welcome, context(id))
        let second = try worker().compose(welcome, context(id, attempt: 3))
        #expect(first.bytes == second.bytes)
        #expect(first.messageID.text == "\(id)@checkin.example")
        #expect(try worker().compose(welcome, context()).messageID != first.messageID)
    }

    @Test("a mail that is taken is done")
    func done() async throws {
        #expect(try await worker().perform(welcome, context()) == .done)
    }

    @Test(
        "each answer of a relay has its label and its fate",
        arguments: [
            (.connect("refused"), "smtp_unavailable", false),
            (.timeout, "smtp_unavailable", false),
            (.tls("untrusted"), "smtp_unavailable", false),
            (.authentication(nil), "smtp_auth", false),
            (.temporary(SMTPReply(code: 450, enhanced: "4.2.1", text: "full")), "smtp_deferred", false),
            (.temporary(SMTPReply(code: 421, enhanced: nil, text: "bye")), "smtp_unavailable", false),
            (.permanent(SMTPReply(code: 550, enhanced: "5.1.1", text: "unknown")), "smtp_rejected", true),
            (.unknownOutcome(.connectionLost), "smtp_unknown", false),
            (.invalidEnvelope(.recipient, reason: "count"), "bad_address", true),
        ] as [(SMTPError, String, Bool)]
    )
    func answers(error: SMTPError, label: String, isDead: Bool) async throws {
        let thrown = await #expect(throws: JobError.self) {
            try await worker(.smtp(error)).perform(welcome, context())
        }
        #expect(thrown?.label == label)
        #expect((thrown?.disposition == .dead) == isDead)
    }

    @Test("labels with a rule in the manifest are labels that the worker throws")
    func labels() throws {
        let manifest = try Manifest.load(directory: Self.repository + "/jobs")
        let rules = try #require(manifest.jobs["notification.email"]?.retry.labels.keys)
        let thrown: Set = [
            "smtp_unavailable", "smtp_auth", "smtp_deferred", "smtp_rejected", "smtp_unknown", "bad_address",
            "bad_template", "mail_capture", "cancelled", "smtp_fault",
        ]
        #expect(Set(rules).subtracting(thrown).isEmpty)
    }

    @Test(
        "what the job itself has wrong makes it dead, in words that quote no value",
        arguments: [
            (EmailNotification(to: "ana@example.com", template: "nothing"), "bad_template"),
            (EmailNotification(to: "ana@example.com", template: "welcome"), "bad_template"),
            (EmailNotification(to: "ana@exa mple.com", template: "welcome", variables: ["name": "A"]), "bad_address"),
            (EmailNotification(to: "a@b.c\r\nBcc: x@y.z", template: "welcome"), "bad_template"),
            (
                EmailNotification(to: "a@b.c\r\nBcc: x@y.z", template: "welcome", variables: ["name": "A"]),
                "bad_address"
            ),
        ] as [(EmailNotification, String)]
    )
    func wrong(job: EmailNotification, label: String) async throws {
        let thrown = await #expect(throws: JobError.self) { try await worker().perform(job, context()) }
        #expect(thrown?.label == label)
        #expect(thrown?.disposition == .dead)
        #expect(thrown?.message.contains("exa mple") == false && thrown?.message.contains("x@y.z") == false)
    }

    @Test(
        "settings that cannot be right name their variable",
        arguments: [
            (["JOBS_MAIL_FROM": "nobody"], "JOBS_MAIL_FROM"),
            (["JOBS_SMTP_URL": "http://relay"], "JOBS_SMTP_URL"),
            (["JOBS_SMTP_URL": "smtp://user:pw@relay"], "JOBS_SMTP_URL"),
            (["JOBS_SMTP_URL": "smtp://relay", "JOBS_SMTP_TLS": "maybe"], "JOBS_SMTP_TLS"),
            (["JOBS_SMTP_URL": "smtp://relay", "JOBS_SMTP_PASSWORD_FILE": "/nowhere"], "JOBS_SMTP_PASSWORD_FILE"),
        ] as [([String: String], String)]
    )
    func settings(environment: [String: String], variable: String) {
        let thrown = #expect(throws: EmailSettings.Mistake.self) { try EmailSettings(environment) }
        #expect(thrown?.variable == variable)
        #expect(thrown.map { "\($0)".contains("pw") } == false)
    }
}
