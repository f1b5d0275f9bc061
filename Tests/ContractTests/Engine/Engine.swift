import JobCore
import Logging
import Scheduler
import ServiceLifecycle
import Synchronization
import Testing

/// The services of `jobctl work`, over one world, for the time of a test.
final class Engine: Sendable {
    struct Options: Sendable {
        var grace: Duration = .seconds(10)
        var patience: Duration = .seconds(20)
        var timeout: Duration = .seconds(30)
        var retry = RetryPolicy(base: .milliseconds(1), cap: .milliseconds(1), maximumAttempts: 3)
        var concurrency = 8
        var credit: Int?
        var promotes = true
        var collects = true
        var works = true
        var lone: (any LoneRunner)?
        var deduplicate: Duration?
        /// Of queue alpha.
        var dependencies: [DependencyDeclaration] = []
        var limits: [LimitDeclaration] = []
        var expiresAfter: Duration?
        var shedsExpired = false
        /// This pool among several over one world.
        var worker = "worker"
    }

    let journal: Journal
    private let services: ServiceGroup
    private let running: Task<Void, any Error>

    private init(_ world: World, _ options: Options, _ journal: Journal, _ script: @escaping Script) throws {
        self.journal = journal
        var services: [any Service] = []
        if options.promotes { services.append(world.promoter("promoter", world.manifest(options))) }
        if options.collects { services.append(world.collector()) }
        if options.works { services.append(try world.pool(options, journal, script)) }
        let group = ServiceGroup(configuration: .init(services: services, logger: world.logger))
        self.services = group
        running = Task { try await group.run() }
    }

    /// As a SIGTERM would; returns when everything has drained.
    func shutDown() async throws {
        await services.triggerGracefulShutdown()
        try await running.value
    }

    /// Runs for the time of the body, and is shut down by then if the body has not done so.
    static func with<R>(
        _ world: World,
        _ options: Options = Options(),
        _ script: @escaping Script = { _, _ in .done },
        _ body: (Engine) async throws -> R
    ) async throws -> R {
        let engine = try Engine(world, options, Journal(world.signal), script)
        let result: Result<R, any Error>
        do { result = .success(try await body(engine)) } catch { result = .failure(error) }
        try await engine.shutDown()
        return try result.get()
    }

    /// Waits for that many attempts that returned.
    func untilReturned(_ count: Int, in world: World) async throws {
        try await world.until("\(count) attempts returned") { self.journal.returned.count >= count }
    }
}

extension World {
    func manifest(_ options: Engine.Options) -> Manifest {
        let place = ManifestPlace(file: "test")
        var alpha = QueueDeclaration(name: "alpha", declaredAt: place)
        alpha.lanes = [.high, .normal]
        alpha.concurrency = options.concurrency
        alpha.credit = options.credit
        alpha.dependencies = options.dependencies.map(\.name)
        let beta = QueueDeclaration(name: "beta", declaredAt: place)
        func job(_ name: JobName, _ queue: String, version: Int) -> JobDeclaration {
            var job = JobDeclaration(name: name, declaredAt: place)
            job.queue = queue
            job.version = version
            job.timeout = options.timeout
            job.retry = options.retry
            job.deduplicate = options.deduplicate
            job.expiresAfter = options.expiresAfter
            job.shedsExpired = options.shedsExpired
            return job
        }
        return Manifest(
            queues: ["alpha": alpha, "beta": beta],
            jobs: [
                AlphaJob.name: job(AlphaJob.name, "alpha", version: AlphaJob.version),
                BetaJob.name: job(BetaJob.name, "beta", version: BetaJob.version),
            ],
            dependencies: Dictionary(uniqueKeysWithValues: options.dependencies.map { ($0.name, $0) }),
            limits: Dictionary(uniqueKeysWithValues: options.limits.map { ($0.name, $0) })
        )
    }

    func pool(_ options: Engine.Options, _ journal: Journal, _ script: @escaping Script) throws -> WorkerPool {
        var registry = JobRegistry()
        registry.register(AlphaJob.self) { _ in AlphaWorker(journal: journal, script: script) }
        registry.register(BetaJob.self) { _ in BetaWorker(journal: journal, script: script) }
        var configuration = PoolConfiguration(worker: options.worker, build: "build", grace: options.grace)
        configuration.patience = options.patience
        return try WorkerPool(
            manifest: manifest(options),
            registry: registry,
            resources: WorkerResources(environment: [:], jobsDirectory: "", logger: logger),
            broker: broker,
            store: store,
            witness: witness,
            lone: options.lone,
            configuration: configuration,
            logger: logger
        )
    }

    /// Jobs of alpha with these numbers.
    func enqueue(_ numbers: Range<Int>) async throws {
        for result in await client.enqueue(all: numbers.map { AlphaJob(number: $0) }) { _ = try result.get() }
    }

    func promoter(_ claimant: String, _ manifest: Manifest = Manifest()) -> Promoter {
        Promoter(
            broker: broker,
            store: store,
            claimant: claimant,
            build: "build",
            witness: NobodyIsDead(),
            manifest: manifest,
            logger: logger
        )
    }

    func collector() -> Collector {
        Collector(
            queues: Topology.small().deadLetterQueues,
            broker: broker,
            store: store,
            worker: "worker",
            build: "build",
            logger: logger
        )
    }

    /// After an engine has drained: no job is anywhere.
    func expectNothingLeft(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let depths = try await broker.depths(["alpha", "alpha.high", "beta", "alpha.dead", "beta.dead"])
        #expect(depths.values.allSatisfy { $0.ready == 0 }, "\(depths)", sourceLocation: sourceLocation)
        let waiting = try await waiting()
        #expect(waiting == [], sourceLocation: sourceLocation)
    }
}

/// All pools of a test have one process number, which the platform's own witnesses take for that of a dead one.
struct NobodyIsDead: DeathWitness {
    func isKnownDead(_ sign: LastSign) -> Bool { false }
}
