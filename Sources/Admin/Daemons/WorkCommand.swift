import ArgumentParser
import JobCore
import Logging

/// `jobctl work`: the workers and, unless told otherwise, the loops.
struct WorkCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "work",
        abstract: "Run workers and the loops until SIGTERM drains them.",
        discussion: """
            The first SIGTERM or SIGINT stops fetching and lets running jobs finish within the grace period; the rest goes
            back uncharged. A second signal ends the process at once.

            jobctl work --queues "notifications_*" --http 127.0.0.1:9464
            """
    )

    @Option(help: "Queues to serve: names or patterns with *, separated by commas. Default: all.")
    var queues: String?

    @Flag(
        name: .customLong("no-loops"),
        help: "Workers only; promoter, collector and schedules run elsewhere. Sampling and alerts stay."
    )
    var noLoops = false

    @Option(help: "How long running jobs may go on while draining, such as 25s.")
    var grace = "25s"

    @OptionGroup var listen: ListenOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        guard let grace = Duration(manifest: grace) else {
            throw CommandFailure.usage("--grace \(grace) is not a duration", remedy: Duration.manifestForm)
        }
        let manifest = try context.manifest()
        let names = try QueuePattern(queues).names(in: manifest)
        var parts = Daemon.Parts(pools: true, loops: !noLoops, queues: names, grace: grace)
        parts.http = try listen.address
        try await context.runDaemon(parts, manifest)
    }
}

/// `jobctl scheduler`: the loops alone.
struct SchedulerCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "scheduler",
        abstract: "Run the loops alone: promoter, relay, collector, schedules, sampler, alerts, janitor, replays.",
        discussion: """
            jobctl scheduler --http 127.0.0.1:9465
            """
    )

    @OptionGroup var listen: ListenOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        var parts = Daemon.Parts(pools: false, loops: true)
        parts.http = try listen.address
        try await context.runDaemon(parts, try context.manifest())
    }
}

extension CommandContext {
    /// Opens the platform as a long-running process and runs until a signal has drained it.
    func runDaemon(_ parts: Daemon.Parts, _ manifest: Manifest) async throws {
        let logger = daemonLogger
        let signals = await SignalWatch(logger)
        defer { signals.end() }
        let resources = WorkerResources(environment: environment, jobsDirectory: jobsDirectory, logger: logger)
        let configuration = try PlatformConfiguration.fromEnvironment(environment)
        let platform = try await Platform.open(
            configuration,
            purpose: .daemon,
            families: registry.migrations,
            logger: logger
        )
        let daemon = Daemon(
            platform: platform,
            manifest: manifest,
            registry: registry,
            resources: resources,
            parts: parts,
            logger: logger
        )
        do {
            logger.notice("starting", metadata: ["platform": "\(platform.display)"])
            try await daemon.run(until: signals)
            await platform.close()
        } catch {
            await platform.close()
            throw error
        }
    }

    /// Daemons tell what an operator acts on; `JOBS_LOG_LEVEL` changes it.
    var daemonLogger: Logger {
        var logger = logger
        if environment["JOBS_LOG_LEVEL"] == nil { logger.logLevel = .info }
        return logger
    }
}

/// `--http`, of every verb that goes on.
struct ListenOption: ParsableArguments {
    @Option(help: "Answer /healthz, /readyz and /metrics here, such as 127.0.0.1:9464; port 0 chooses one.")
    var http: String?

    var address: HTTPAddress? {
        get throws {
            guard let http else { return nil }
            guard let address = HTTPAddress(http) else {
                throw CommandFailure.usage("--http \(http) is not an address", remedy: "such as 127.0.0.1:9464")
            }
            return address
        }
    }
}
