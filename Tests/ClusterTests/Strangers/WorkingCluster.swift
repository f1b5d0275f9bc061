import Foundation
import JobCore
import Logging
import ServiceLifecycle

@testable import Admin

/// A cluster platform under a prefix of its own, with workers and loops running inside this process.
final class WorkingCluster: Sendable {
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    struct Letter: Decodable {
        let job: String
        let errorType: String
    }

    private let platform: Platform
    private let manifest: Manifest
    private let environment: [String: String]
    private let url: String
    private let prefix: String

    private init(
        _ platform: Platform,
        _ manifest: Manifest,
        _ environment: [String: String],
        _ url: String,
        _ prefix: String
    ) {
        self.platform = platform
        self.manifest = manifest
        self.environment = environment
        self.url = url
        self.prefix = prefix
    }

    private static func variable(_ name: String) throws -> String {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
            throw Missing(description: "\(name) is not set: run `make test`, or see CONTRIBUTING.md for private nodes")
        }
        return value
    }

    private static var repository: String {
        var path = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { path.deleteLastPathComponent() }
        return path.path
    }

    static func start() async throws -> WorkingCluster {
        let url = try variable("JOBS_TEST_AMQP_URL")
        let prefix = "s\(UInt32.random(in: 0 ... .max))."
        let environment = [
            "JOBS_BROKER_URL": url,
            "JOBS_DATABASE_URL": try variable("JOBS_TEST_POSTGRES_URL"),
            "JOBS_MANAGEMENT_URL": try variable("JOBS_TEST_MANAGEMENT_URL"),
            "JOBS_PREFIX": prefix,
            "JOBS_DIR": repository + "/jobs",
        ]
        let configuration = try PlatformConfiguration.fromEnvironment(environment)
        let platform = try await Platform.open(configuration, purpose: .daemon, logger: quiet)
        let all = try Manifest.load(directory: configuration.jobsDirectory)
        let manifest = Manifest(
            queues: all.queues.filter { $0.key == "system" },
            jobs: all.jobs.filter { $0.value.queue == "system" }
        )
        try await platform.migrate()
        try await platform.broker.apply(platform.broker.plan(manifest.topology), of: manifest.topology)
        try await platform.store.saveRoutes(manifest.topology)
        return WorkingCluster(platform, manifest, environment, url, prefix)
    }

    private static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    func whileWorking(_ body: () async throws -> Void) async throws {
        var registry = JobRegistry()
        registry.registerSystemJobs()
        let daemon = Daemon(
            platform: platform,
            manifest: manifest,
            registry: registry,
            resources: WorkerResources(environment: environment, jobsDirectory: "", logger: Self.quiet),
            parts: Daemon.Parts(grace: .seconds(5)),
            logger: Self.quiet
        )
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: try daemon.services(), logger: Self.quiet)
        )
        let running = Task { try await group.run() }
        do {
            try await body()
        } catch {
            await group.triggerGracefulShutdown()
            _ = try? await running.value
            throw error
        }
        await group.triggerGracefulShutdown()
        try await running.value
    }

    func publish(_ tool: StrangerTests.Tool, routingKey: String, body: String) async throws {
        switch tool {
        case .amqpTools:
            try await run(
                "/usr/bin/amqp-publish",
                ["--url=\(url)", "-e", "\(prefix)jobs", "-r", routingKey, "-b", body]
            )
        case .pika:
            let script = Self.repository + "/Tests/ClusterTests/Strangers/publish.py"
            try await run(try Self.variable("JOBS_TEST_PYTHON"), [script, url, "\(prefix)jobs", routingKey, body])
        }
    }

    private func run(_ program: String, _ arguments: [String]) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let status = try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        guard status == 0 else {
            throw Missing(description: "\(program) ended with \(status): `scripts/deps test` installs it")
        }
    }

    /// Asks the store again and again: the effect of another process can only be looked for.
    func wait(_ what: String, _ holds: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(30))
        while try await !holds() {
            guard ContinuousClock.now < deadline else { throw Missing(description: "waited 30 s in vain for \(what)") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    func notes() async throws -> [String] {
        try await platform.store.driver.read { session throws(StoreError) in
            var notes: [String] = []
            for row in try session.query("select note from probe_effects") { notes.append(try row.text("note")) }
            return notes
        }
    }

    /// As an operator sees them: `jobctl dead list --json`.
    func deadLetters() async throws -> [Letter] {
        let printed = PrintedText()
        let status = await JobsMain.execute(
            arguments: ["dead", "list", "--json"],
            registry: JobRegistry(),
            environment: environment,
            output: CommandOutput(isStyled: false) { text, toError in if !toError { printed.append(text) } },
            input: CommandInput(descriptor: -1, isTerminal: false)
        )
        guard status == .ok else { throw Missing(description: "`dead list` ended with \(status)") }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode([Letter].self, from: Data(printed.text.utf8))
    }

    /// Takes the prefix's queues, exchanges, policies and schema away.
    func remove() async {
        let nothing = Topology(queues: [], routes: [])
        if let changes = try? await platform.broker.plan(nothing) {
            try? await platform.broker.apply(changes, of: nothing)
        }
        let schema = "\(prefix)jobs"
        _ = try? await platform.store.driver.write { session throws(StoreError) in
            try session.execute("drop schema \"\(schema)\" cascade")
        }
        await platform.close()
    }
}
