import Foundation
package import JobCore
package import Logging
import Scheduler
import ServiceLifecycle
import Synchronization

/// What a long-running process of this program is made of.
package struct Daemon: Sendable {
    package struct Parts: Sendable {
        package var pools = true
        package var loops = true
        /// Whether the loops fire the manifest's schedules.
        package var schedules = true
        /// Queues to serve; nil for all.
        package var queues: Set<String>?
        package var grace: Duration = .seconds(25)
        /// Where `/healthz`, `/readyz` and `/metrics` answer; nil for nowhere.
        var http: HTTPAddress?

        package init(
            pools: Bool = true,
            loops: Bool = true,
            schedules: Bool = true,
            queues: Set<String>? = nil,
            grace: Duration = .seconds(25)
        ) {
            self.pools = pools
            self.loops = loops
            self.schedules = schedules
            self.queues = queues
            self.grace = grace
        }
    }

    let platform: Platform
    let manifest: Manifest
    let registry: JobRegistry
    let resources: WorkerResources
    let parts: Parts
    let logger: Logger

    package init(
        platform: Platform,
        manifest: Manifest,
        registry: JobRegistry,
        resources: WorkerResources,
        parts: Parts,
        logger: Logger
    ) {
        self.platform = platform
        self.manifest = manifest
        self.registry = registry
        self.resources = resources
        self.parts = parts
        self.logger = logger
    }

    /// `JOBS_BUILD` names the build in heartbeats and letters.
    private var build: String { resources.environment["JOBS_BUILD"] ?? "dev" }

    /// The services, made but not running. Throws every disagreement of registry and manifest at once.
    func services() throws -> [any Service] {
        var services: [any Service] = []
        let board = LoopBoard(store: platform.store, process: platform.processID, logger: logger)
        let tracer = OTLPExporter(resources.environment, logger: logger)
        if let tracer { services.append(tracer) }
        services += [board] + (try guards(board))
        if parts.loops { services += loops(board, tracer) }
        var pool: WorkerPool?
        if parts.pools {
            var configuration = PoolConfiguration(
                worker: platform.processID,
                build: build,
                queues: parts.queues,
                grace: parts.grace
            )
            // The one way to drain, whoever asks: the signal is ours by then (`SignalWatch`).
            let asked = Atomic(false)
            configuration.drainWanted = {
                if !asked.exchange(true, ordering: .relaxed) { kill(getpid(), SIGTERM) }
            }
            pool = try WorkerPool(
                manifest: manifest,
                registry: registry,
                resources: resources,
                broker: platform.broker,
                store: platform.store,
                witness: platform.witness,
                lone: LoneProcess(environment: resources.environment, logger: logger),
                tracer: tracer,
                configuration: configuration,
                logger: logger
            )
        }
        // First in, last out: it answers until everything else has drained.
        if let http = parts.http {
            let metrics = PlatformMetrics(platform, manifest, build: build) { [pool] in pool?.times ?? [:] }
            services.insert(ObserveServer(http, platform, metrics, logger: logger), at: 0)
        }
        if let pool { services.append(pool) }
        return services
    }

    /// The promoter needs the broker until the pool has drained, so pools come last: services stop in reverse order.
    private func loops(_ board: LoopBoard, _ tracer: OTLPExporter?) -> [any Service] {
        let topology = manifest.topology
        let (store, broker, process) = (platform.store, platform.broker, platform.processID)
        func supervised(_ name: String, _ loop: (LoopMark) -> any Service) -> any Service {
            SupervisedLoop(name, board: board, logger: logger, loop)
        }
        let replays = ReplayLoop(store: store, driver: process, logger: logger)
        let heads = resources.environment["JOBS_AUDIT_HEAD_FILE"].flatMap { $0.isEmpty ? nil : $0 }
        let anchor = AuditAnchor(store: store, path: heads, logger: logger)
        var scheduled = manifest
        if !parts.schedules { scheduled.schedules = [:] }
        let cron = CronLoop(store: store, manifest: scheduled, clock: platform.clock, logger: logger)
        return [
            supervised("collector") {
                Collector(
                    queues: topology.deadLetterQueues,
                    broker: broker,
                    store: store,
                    worker: process,
                    build: build,
                    mark: $0,
                    logger: logger
                )
            },
            supervised("promoter") {
                Promoter(
                    broker: broker,
                    store: store,
                    claimant: process,
                    build: build,
                    witness: platform.witness,
                    manifest: manifest,
                    mark: $0,
                    tracer: tracer,
                    logger: logger
                )
            },
            supervised("cron") {
                LeaderLoop("cron", store: store, holder: process, mark: $0, logger: logger) { lease in
                    try await cron.turn(lease)
                }
            },
        ]
            + platform.outboxes.enumerated().map { number, outbox in
                supervised(number == 0 ? "relay" : "relay-\(number + 1)") {
                    OutboxRelay(
                        outbox: outbox,
                        broker: broker,
                        store: store,
                        claimant: process,
                        build: build,
                        mark: $0,
                        tracer: tracer,
                        logger: logger
                    )
                }
            } + [
                supervised("janitor") {
                    Janitor(store: store, retention: manifest.retention, mark: $0, logger: logger)
                },
                supervised("operations") { mark in
                    LeaderLoop("operations", store: store, holder: process, mark: mark, logger: logger) { _ in
                        // Replays first: a file of heads that cannot be written is told, and holds nobody up.
                        let next = try await replays.turn()
                        try await anchor.turn()
                        return next
                    }
                },
            ]
    }

    /// What watches over the platform runs in every long process, also in workers without loops: when the loops stop,
    /// somebody must be left who notices.
    private func guards(_ board: LoopBoard) throws -> [any Service] {
        let (store, broker, process) = (platform.store, platform.broker, platform.processID)
        let addresses = manifest.topology.queues.flatMap(\.addresses)
        let sampler = LaneSampler(addresses: addresses, broker: broker, store: store)
        let look = PlatformLook(platform, manifest)
        let alerts = AlertLoop(
            store: store,
            declaration: manifest.alerts,
            receivers: try AlertReceivers(manifest.alerts, environment: resources.environment).byName,
            display: platform.display,
            logger: logger
        ) { try await look.facts() }
        return [
            SupervisedLoop("sampler", board: board, logger: logger) { mark in
                LeaderLoop(
                    "sampler",
                    store: store,
                    holder: process,
                    period: Store.samplePeriod,
                    mark: mark,
                    logger: logger
                ) { _ in
                    try await sampler.sample()
                    return Store.samplePeriod
                }
            },
            SupervisedLoop("alerts", board: board, logger: logger) { mark in
                LeaderLoop(
                    "alerts",
                    store: store,
                    holder: process,
                    period: AlertLoop.period,
                    mark: mark,
                    logger: logger,
                    failed: { await alerts.failed($0) }
                ) { try await alerts.turn($0) }
            },
        ]
    }

    /// Runs until a signal has drained everything.
    package func run() async throws {
        let signals = await SignalWatch(logger)
        defer { signals.end() }
        try await run(until: signals)
    }

    func run(until signals: SignalWatch) async throws {
        try await platform.prepareWhenPossible(manifest, logger)
        try await services().run(until: signals, logger)
    }
}
