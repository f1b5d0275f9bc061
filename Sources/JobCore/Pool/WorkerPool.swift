package import Logging
import ServiceLifecycle

package struct PoolConfiguration: Sendable {
    /// How long running jobs may go on after a drain begins, default 25 s: five less than what an orchestrator
    /// usually gives a process between SIGTERM and SIGKILL.
    package var grace: Duration = .seconds(25)
    /// How long settling is tried again on a lost store before the queues park.
    package var patience: Duration = .seconds(20)
    /// This process in the `workers` table and in letters.
    package var worker: String
    package var build: String
    /// Queues to serve, by name; nil for all of the manifest.
    package var queues: Set<String>?
    /// Called when an operator asks this process to drain; once a beat until it does.
    package var drainWanted: @Sendable () -> Void = {}

    package init(worker: String, build: String, queues: Set<String>? = nil, grace: Duration = .seconds(25)) {
        self.worker = worker
        self.build = build
        self.queues = queues
        self.grace = grace
    }
}

/// Runs the workers of this process. A service: it drains on graceful shutdown and returns.
package final class WorkerPool: Service {
    private let configuration: PoolConfiguration
    private let runners: [QueueRunner]
    private let heartbeat: Heartbeat
    private let board: BrakeBoard
    private let flow: FlowRecorder
    private let logger: Logger

    /// Builds every worker and checks manifest against registry; all mistakes are reported together.
    package init(
        manifest: Manifest,
        registry: JobRegistry,
        resources: WorkerResources,
        broker: any Broker,
        store: Store,
        witness: any DeathWitness,
        lone: (any LoneRunner)? = nil,
        tracer: (any SpanSink)? = nil,
        configuration: PoolConfiguration,
        logger: Logger
    ) throws {
        try registry.check(against: manifest)
        let flow = FlowRecorder()
        let board = BrakeBoard(manifest: manifest, store: store, worker: configuration.worker, logger: logger)
        let executor = AttemptExecutor(
            manifest: manifest,
            deduplicating: manifest.deduplicatingKeys,
            expires: Set(manifest.jobs.values.filter { $0.expiresAfter != nil }.map(\.name)),
            performs: try registry.types.mapValues { type in
                AttemptExecutor.RegisteredVersion(version: type.version, perform: try type.makePerform(resources))
            },
            client: JobClient(broker: broker, store: store, tracer: tracer),
            store: store,
            settler: Settler(store: store, patience: configuration.patience, logger: logger),
            brakes: AttemptBrakes(manifest: manifest, board: board, store: store, worker: configuration.worker),
            lone: lone,
            tracer: tracer,
            flow: flow,
            build: configuration.build,
            worker: configuration.worker,
            logger: logger
        )
        let redeliveries = Redeliveries(
            store: store,
            broker: broker,
            witness: witness,
            deduplicating: manifest.deduplicatingKeys,
            worker: configuration.worker,
            logger: logger
        )
        let queues = manifest.queues.values.filter { configuration.queues?.contains($0.name) ?? true }
        runners = queues.sorted { $0.name < $1.name }.flatMap { queue in
            let slots = Slots(queue.concurrency)
            return queue.lanes.map { lane in
                QueueRunner(
                    address: QueueAddress(queue.name, lane),
                    gauge: CreditGauge(concurrency: queue.concurrency, fixed: queue.credit),
                    slots: slots,
                    attempts: executor,
                    redeliveries: redeliveries,
                    broker: broker,
                    store: store,
                    logger: logger
                )
            }
        }
        for runner in runners { board.listen { [weak runner] in runner?.heedBrakes() } }
        self.board = board
        heartbeat = Heartbeat(store: store, runners: runners, flow: flow, configuration: configuration, logger: logger)
        self.configuration = configuration
        self.flow = flow
        self.logger = logger
    }

    /// How long this process's attempts waited and took, by lane.
    package var times: [QueueAddress: AttemptTimes] { flow.times }

    package func run() async throws {
        logger.info("workers start", metadata: [LogKey.worker: "\(configuration.worker)"])
        await heartbeat.arrive()
        await board.arrive()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.heartbeat.run() }
            group.addTask { await self.watchDeadlines() }
            group.addTask { await self.board.run() }
            group.addTask { await self.drainOnShutdown() }
            await withTaskGroup(of: Void.self) { lanes in
                for runner in runners { lanes.addTask { await runner.run() } }
            }
            group.cancelAll()
        }
        await heartbeat.leave()
        logger.info("workers have drained", metadata: [LogKey.worker: "\(configuration.worker)"])
    }

    /// Stops fetching, lets what runs finish within the grace period, then cancels it: it goes back uncharged. An
    /// attempt that ignores even that is abandoned after two more seconds: its delivery goes back, the process may end.
    package func drain() async {
        await withTaskGroup(of: Void.self) { group in
            for runner in runners { group.addTask { await runner.drain() } }
        }
        if await isIdle(within: configuration.grace) { return }
        for runner in runners { runner.running.cancelAll() }
        if await isIdle(within: .seconds(2)) { return }
        logger.error("attempts ignore their cancellation; their jobs go back to the broker")
        for runner in runners { runner.running.abandon() }
    }

    private func isIdle(within limit: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for runner in self.runners { await runner.running.idle(orCancelled: true) }
                return true
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return false
            }
            let isIdle = await group.next() ?? false
            group.cancelAll()
            return isIdle
        }
    }

    private func drainOnShutdown() async {
        do {
            try await gracefulShutdown()
        } catch {
            // Cancelled instead of shut down: either `run()` is over, or the caller wants the same thing sooner.
        }
        await drain()
    }

    /// Seldom while nothing runs: an idle process is to cost nothing, and one look comes soon enough for whatever begins.
    private func watchDeadlines() async {
        while !Task.isCancelled {
            let isIdle = runners.allSatisfy { $0.running.isEmpty }
            try? await Task.sleep(for: isIdle ? .milliseconds(400) : .milliseconds(100))
            for runner in runners {
                runner.running.cancelOverdue()
                if !isIdle { runner.tellSlow() }
            }
        }
    }
}
