import Foundation
package import JobCore
package import Logging
import ServiceLifecycle

/// `jobctl dev --demo`: real jobs of every type run, fail, wait and die; then the cause is mended and the letters of
/// that cause are replayed. Ends by itself within a minute, with a summary read from the store.
package struct DemoRun: Sendable {
    package enum Failure: Error, CustomStringConvertible {
        case unsettled(Duration)
        case notEnqueued(Int, String)

        package var description: String {
            switch self {
            case .unsettled(let limit): "jobs were still under way after \(limit.seconds) s: see `jobctl queues`"
            case .notEnqueued(let count, let reason): "\(count) jobs were not taken: \(reason)"
            }
        }
    }

    private static let limit: Duration = .seconds(55)

    let platform: Platform
    let manifest: Manifest
    let registry: JobRegistry
    let resources: WorkerResources
    /// For what the demo breaks on purpose.
    let folder: String
    let show: @Sendable (String) -> Void
    let isTerminal: Bool
    let logger: Logger

    package init(
        platform: Platform,
        manifest: Manifest,
        registry: JobRegistry,
        resources: WorkerResources,
        folder: String,
        isTerminal: Bool,
        logger: Logger,
        show: @escaping @Sendable (String) -> Void
    ) {
        self.platform = platform
        self.manifest = manifest
        self.registry = registry
        self.resources = resources
        self.folder = folder
        self.isTerminal = isTerminal
        self.logger = logger
        self.show = show
    }

    package func run() async throws -> DemoSummary {
        let began = ContinuousClock.now
        let deadline = began.advanced(by: DemoRun.limit)
        show(platform.display)
        try await platform.prepare(manifest)

        let causes = registry.scenes.compactMap(\.trouble)
        for cause in causes { show("trouble: \(cause.trouble)") }
        let enqueued = try await whileWorking(with: try brokenResources(causes)) {
            let count = try await enqueueAll()
            try await settle(count, by: deadline)
            return count
        }
        try await showDead()

        for cause in causes { show("mended: \(cause.remedy)") }
        let replayed = try await whileWorking(with: resources) {
            let replayed = try await replay(causes)
            try await settle(enqueued, by: deadline)
            return replayed
        }
        let summary = try await DemoSummary.read(
            platform,
            enqueued: enqueued,
            replayed: replayed,
            yields: registry.scenes.compactMap { $0.result(resources) },
            took: began.duration(to: .now)
        )
        for line in summary.lines { show(line) }
        return summary
    }

    private func brokenResources(_ causes: [DemoScene.Cause]) throws -> WorkerResources {
        var environment = resources.environment
        for cause in causes {
            environment.merge(try cause.set(folder, resources)) { _, broken in broken }
        }
        return WorkerResources(
            environment: environment,
            jobsDirectory: resources.jobsDirectory,
            logger: resources.logger
        )
    }

    /// Workers and loops run while the body does, and drain after it: counters are in the store then.
    private func whileWorking<T: Sendable>(
        with resources: WorkerResources,
        _ body: () async throws -> T
    ) async throws -> T {
        let daemon = Daemon(
            platform: platform,
            manifest: manifest,
            registry: registry,
            resources: resources,
            parts: Daemon.Parts(schedules: false, grace: .seconds(5)),
            logger: logger
        )
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: try daemon.services(), logger: logger)
        )
        let running = Task { try await group.run() }
        let signals = await SignalWatch(logger)
        signals.lead(group)
        defer { signals.end() }
        do {
            let value = try await body()
            await group.triggerGracefulShutdown()
            try await running.value
            return value
        } catch {
            await group.triggerGracefulShutdown()
            _ = try? await running.value
            throw error
        }
    }

    private func enqueueAll() async throws -> Int {
        let client = JobClient(broker: platform.broker, store: platform.store)
        let requests = registry.scenes.flatMap(\.jobs).filter { manifest.jobs[$0.job] != nil }
        var failures: [String] = []
        for start in stride(from: 0, to: requests.count, by: 40) {
            let wave = Array(requests[start..<min(start + 40, requests.count)])
            for result in await client.enqueue(wave) {
                if case .failure(let error) = result { failures.append("\(error)") }
            }
            try await Task.sleep(for: .milliseconds(150))
        }
        if let first = failures.first { throw Failure.notEnqueued(failures.count, first) }
        show("enqueued \(requests.count) jobs")
        return requests.count
    }

    private func replay(_ causes: [DemoScene.Cause]) async throws -> Int {
        var total = 0
        for cause in causes {
            var selector = Selector()
            selector.error = cause.label
            selector.limit = 0
            let operation = JobID().description
            let request = ReplayRequest(
                selector: selector,
                rules: Replay.Rules(operation: operation),
                actor: "demo",
                reason: cause.remedy,
                subject: "--error \(cause.label)"
            )
            let progress = try await platform.store.replay(request)
            show("replayed \(progress.replayed) letters of \(cause.label) (operation \(operation))")
            total += progress.replayed
        }
        return total
    }

    /// Shows the live table until every job is done or dead: counters and letters then add up to what was enqueued.
    private func settle(_ enqueued: Int, by deadline: ContinuousClock.Instant) async throws {
        var table = LiveTable(isTerminal: isTerminal, show: show)
        while true {
            let reports = try await DemoSummary.reports(platform)
            table.update(reports)
            let ended = reports.reduce(0) { $0 + $1.flow.done + $1.dead }
            if ended >= Int64(enqueued) { return }
            guard ContinuousClock.now < deadline else { throw Failure.unsettled(DemoRun.limit) }
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    private func showDead() async throws {
        var everything = Selector()
        everything.isAll = true
        let groups = try await platform.store.deadLetterGroups(everything)
        for group in groups {
            show("dead: \(group.count) × \(group.job) \(group.errorType): \(group.errorMessage)")
        }
    }
}
