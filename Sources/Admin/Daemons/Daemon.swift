import Foundation
package import JobCore
package import Logging
import Scheduler
import ServiceLifecycle

/// What a long-running process of this program is made of.
package struct Daemon: Sendable {
    package struct Parts: Sendable {
        package var pools = true
        package var loops = true
        /// Queues to serve; nil for all.
        package var queues: Set<String>?
        package var grace: Duration = .seconds(25)

        package init(pools: Bool = true, loops: Bool = true, queues: Set<String>? = nil, grace: Duration = .seconds(25))
        {
            self.pools = pools
            self.loops = loops
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
        if parts.loops { services += loops }
        if parts.pools {
            let configuration = PoolConfiguration(
                worker: platform.processID,
                build: build,
                queues: parts.queues,
                grace: parts.grace
            )
            services.append(
                try WorkerPool(
                    manifest: manifest,
                    registry: registry,
                    resources: resources,
                    broker: platform.broker,
                    store: platform.store,
                    witness: platform.witness,
                    lone: LoneProcess(environment: resources.environment, logger: logger),
                    configuration: configuration,
                    logger: logger
                )
            )
        }
        return services
    }

    /// The promoter needs the broker until the pool has drained, so pools come last: services stop in reverse order.
    private var loops: [any Service] {
        let topology = manifest.topology
        return [
            DepthSampler(
                addresses: topology.queues.flatMap(\.addresses),
                broker: platform.broker,
                store: platform.store,
                logger: logger
            ),
            Collector(
                queues: topology.deadLetterQueues,
                broker: platform.broker,
                store: platform.store,
                worker: platform.processID,
                build: build,
                logger: logger
            ),
            Promoter(
                broker: platform.broker,
                store: platform.store,
                claimant: platform.processID,
                build: build,
                logger: logger
            ),
            Janitor(store: platform.store, logger: logger),
        ]
    }

    /// Runs until a signal has drained everything.
    package func run() async throws {
        try await prepareWhenPossible()
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: try services(), logger: logger)
        )
        let watch = Task { await SignalWatch(logger: logger).run(group) }
        defer { watch.cancel() }
        try await group.run()
    }

    /// A broker or store that is away when the process starts is waited for, as it would be later. What a person must
    /// mend (a missing queue, an old schema) ends the process with the command.
    private func prepareWhenPossible() async throws {
        var backoff = Backoff(base: .milliseconds(200), cap: .seconds(5))
        while true {
            do {
                return try await platform.prepare(manifest)
            } catch let error as StoreError where error.isRetryable {
                logger.warning("starting waits for the store", metadata: [LogKey.error: "\(error)"])
            } catch let error as BrokerError where error.isRetryable {
                logger.warning("starting waits for the broker", metadata: [LogKey.error: "\(error)"])
            }
            try await Task.sleep(for: backoff.next())
        }
    }
}
