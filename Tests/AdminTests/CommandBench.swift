import Embedded
import Foundation
import JobCore
import Logging
import Synchronization

@testable import Admin

/// An embedded platform in a folder of its own, and verbs run on it inside this process.
final class CommandBench: Sendable {
    static let jobs = """
        queues:
          mail: { lanes: [normal, bulk], lag_threshold: 2s, depends_on: [smtp] }
          system: {}
        jobs:
          mail.send:
            summary: sends a mail
            queue: mail
            personal: [to, data.name]
            examples: { 1: [ { to: a@example.com } ] }
          system.probe: { summary: does nothing, queue: system, examples: { 1: [ {} ] } }
        limits:
          mails_a_day: { queue: mail, budget: 50000, per: day }
          mails_a_second: { dependency: smtp, rate: 100/s, burst: 10 }
          mails_a_person: { job: mail.send, key: to, rate: 5/1h }
          mails_at_once: { queue: mail, concurrency: 4 }
        alerts: { receivers: { manager: { kind: alertmanager, url_from: JOBS_ALERTMANAGER_URL } } }
        schedules:
          nightly: { cron: "0 2 * * *", job: system.probe }
        """

    struct Answer {
        let status: ExitStatus
        let out: String
        let err: String

        var lines: [String] { out.split(separator: "\n").map(String.init) }

        /// The JSON printed on stdout.
        func json() throws -> Any {
            try JSONSerialization.jsonObject(with: Data(out.utf8), options: .fragmentsAllowed)
        }

        func object() throws -> [String: Any] { try json() as? [String: Any] ?? [:] }
        func list() throws -> [[String: Any]] { try json() as? [[String: Any]] ?? [] }
    }

    let folder: String
    var file: String { folder + "/store/jobs.db" }

    init(declarations: String? = CommandBench.jobs) throws {
        folder = NSTemporaryDirectory() + "jobctl-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder + "/jobs", withIntermediateDirectories: true)
        if let declarations {
            try declarations.write(toFile: folder + "/jobs/all.yaml", atomically: true, encoding: .utf8)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var environment: [String: String] {
        [
            "JOBS_BROKER_URL": "sqlite://\(file)", "JOBS_DATABASE_URL": "sqlite://\(file)",
            "JOBS_DIR": folder + "/jobs", "USER": "ana", "JOBS_LOG_LEVEL": "critical",
        ]
    }

    func run(
        _ arguments: String...,
        input: String = "",
        isTerminal: Bool = false,
        environment: [String: String] = [:],
        registry: JobRegistry = JobRegistry()
    ) async throws -> Answer {
        try await run(
            list: arguments,
            input: input,
            isTerminal: isTerminal,
            environment: environment,
            registry: registry
        )
    }

    /// - Parameter input: what is piped in; there is no terminal.
    func run(
        list arguments: [String],
        input: String = "",
        isTerminal: Bool = false,
        environment changes: [String: String] = [:],
        registry: JobRegistry = JobRegistry()
    ) async throws -> Answer {
        let pipe = Pipe()
        let writing = Thread { [handle = pipe.fileHandleForWriting] in
            try? handle.write(contentsOf: Data(input.utf8))
            try? handle.close()
        }
        writing.start()
        let printed = Mutex<(out: String, err: String)>(("", ""))
        let output = CommandOutput(isStyled: false) { text, toError in
            printed.withLock { printed in
                if toError { printed.err += text + "\n" } else { printed.out += text + "\n" }
            }
        }
        let status = await JobsMain.execute(
            arguments: arguments,
            registry: registry,
            environment: environment.merging(changes) { $1 },
            output: output,
            input: CommandInput(descriptor: pipe.fileHandleForReading.fileDescriptor, isTerminal: isTerminal)
        )
        try pipe.fileHandleForReading.close()
        return printed.withLock { Answer(status: status, out: $0.out, err: $0.err) }
    }

    /// The store itself, for what no verb makes: letters, heartbeats.
    func withPlatform<T>(_ body: (Platform) async throws -> T) async throws -> T {
        let platform = try await Platform.open(
            try PlatformConfiguration.fromEnvironment(environment),
            purpose: .change,
            logger: Logger(label: "test")
        )
        try await platform.prepare(try Manifest.load(directory: folder + "/jobs"))
        do {
            let value = try await body(platform)
            await platform.close()
            return value
        } catch {
            await platform.close()
            throw error
        }
    }

    /// Letters of `mail.send`, each of a job of its own.
    @discardableResult
    func bury(_ count: Int, _ change: @Sendable (inout DeadLetter, Int) -> Void = { _, _ in }) async throws -> [JobID] {
        let letters = (0..<count).map { index in
            var letter = CommandBench.letter(index)
            change(&letter, index)
            return letter
        }
        try await withPlatform { try await $0.store.bury(letters) }
        return letters.map(\.jobID)
    }

    static func letter(_ index: Int) -> DeadLetter {
        let envelope = Envelope(
            id: JobID(),
            job: "mail.send",
            lane: .normal,
            payload: Array(#"{"to":"ana@example.com","data":{"name":"Ana","n":\#(index)},"note":"hello"}"#.utf8),
            version: 1,
            attempt: 8,
            enqueuedAt: Timestamp(milliseconds: 1_700_000_000_000),
            readyAt: .now(),
            carried: [
                HeaderName.debounceKey: .string("k"), HeaderName.debounce: .int(5000), HeaderName.delay: .int(100),
                HeaderName.traceparent: .string("00-1-2-01"),
            ]
        )
        let failure = Failure("smtp_rejected", "550 no such user \(index)")
        return DeadLetter(envelope, at: QueueAddress("mail"), failure: failure, build: "b1", worker: "w1")
    }
}

extension CommandBench {
    /// As the alert loop would leave it; its key.
    func fireAlert() async throws -> String {
        let finding = AlertFinding(
            .noWorkers,
            ["queue": "mail", "lane": "normal"],
            severity: .critical,
            summary: "nobody serves mail, 1 jobs are ready",
            cause: "none",
            command: "jobctl work"
        )
        try await withPlatform { platform in
            let lease = try await platform.store.lease("alerts", holder: "p", for: .seconds(60))
            guard let lease else { return }
            _ = try await platform.store.save([AlertRecord(finding, since: .now())], under: lease)
        }
        return finding.key
    }
}
