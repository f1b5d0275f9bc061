import ArgumentParser
import Hummingbird
import JobCore
import Logging
import Scheduler
import ServiceLifecycle

/// `jobctl serve`: enqueueing over HTTP.
struct ServeCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Let programs enqueue over HTTP, with a key each (jobctl key create).",
        discussion: """
            POST /v1/jobs/NAME, POST /v1/jobs, GET /v1/jobs/ID, GET /v1/queues; /openapi.json describes them. What providers \
            call back is under /hooks. Speaks plain HTTP: put a proxy that ends TLS before it where the network is not yours.

            jobctl serve --listen 127.0.0.1:8480 --http 127.0.0.1:9466
            """
    )

    @Option(help: "Where to listen; port 0 chooses one.")
    var listen = "127.0.0.1:8480"

    @OptionGroup var observe: ListenOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        guard let address = HTTPAddress(listen) else {
            throw CommandFailure.usage("--listen \(listen) is not an address", remedy: "such as 127.0.0.1:8480")
        }
        let logger = context.daemonLogger
        let observed = try observe.address
        let signals = await SignalWatch(logger)
        defer { signals.end() }
        let configuration = try PlatformConfiguration.fromEnvironment(context.environment)
        let platform = try await Platform.open(
            configuration,
            purpose: .daemon,
            families: context.registry.migrations,
            logger: logger
        )
        do {
            let manifest = context.manifestIfAny()
            try await platform.prepareWhenPossible(manifest, logger)
            let tracer = OTLPExporter(context.environment, logger: logger)
            let api = JobsAPI(
                platform,
                tracer: tracer,
                thresholds: manifest?.queues.mapValues(\.lagThreshold) ?? [:],
                output: context.output,
                logger: logger
            )
            var services: [any Service] = []
            if let tracer { services.append(tracer) }
            if let observed {
                let metrics = PlatformMetrics(
                    platform,
                    manifest ?? Manifest(),
                    build: context.environment["JOBS_BUILD"] ?? "dev"
                ) { [:] }
                services.append(ObserveServer(observed, platform, metrics, logger: logger))
            }
            let hooks = HookRoutes(
                context.registry.routes,
                FamilyRoute.Context(environment: context.environment, logger: logger, store: platform.store)
            )
            services.append(
                HTTPService(address, logger: logger) {
                    let router = api.router()
                    hooks.add(to: router)
                    return router
                }
            )
            if !address.isLoopback {
                logger.warning("keys go over this network in the clear unless a proxy ends TLS before it")
            }
            try await services.run(until: signals, logger)
            await platform.close()
        } catch {
            await platform.close()
            throw error
        }
    }
}
