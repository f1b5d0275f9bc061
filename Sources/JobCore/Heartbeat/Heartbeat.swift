import Logging

/// Tells the store every second that this process is alive, what it runs and what it has done.
struct Heartbeat: Sendable {
    static let period: Duration = .seconds(1)

    let store: Store
    let runners: [QueueRunner]
    let flow: FlowRecorder
    let configuration: PoolConfiguration
    let logger: Logger

    /// The first beat, before anything is begun: a death right after it is known by this process's number.
    func arrive() async {
        await beat(state: .up)
    }

    func run() async {
        while !Task.isCancelled {
            await beat(state: .up)
            try? await Task.sleep(for: Heartbeat.period)
        }
    }

    /// The last beat: counters are flushed, and the process is known to have left in peace.
    func leave() async {
        await beat(state: .gone)
    }

    private func beat(state: WorkerState) async {
        let counts = flow.take()
        do {
            try await store.add(counts)
        } catch {
            flow.restore(counts)
            logger.debug("counters wait for the store", metadata: [LogKey.error: "\(error.label)"])
        }
        do {
            try await store.beat(record(state), heads: heads)
        } catch {
            logger.warning("heartbeat did not reach the store", metadata: [LogKey.error: "\(error.label)"])
        }
    }

    private func record(_ state: WorkerState) -> WorkerBeat {
        let attempts = runners.map { (lane: $0.address.name, entries: $0.running.snapshot) }
        let longest = attempts.flatMap(\.entries).sorted { $0.started < $1.started }.prefix(50)
        let running = longest.map { entry in
            WorkerBeat.Running(
                id: entry.id.description,
                job: entry.job.rawValue,
                ageSeconds: entry.started.duration(to: .now).seconds,
                progress: entry.progress
            )
        }
        return WorkerBeat(
            id: configuration.worker,
            build: configuration.build,
            queues: runners.map(\.address.name),
            running: running,
            runningCounts: Dictionary(attempts.map { ($0.lane, $0.entries.count) }, uniquingKeysWith: +),
            state: state
        )
    }

    private var heads: [QueueAddress: LaneHead] {
        Dictionary(runners.map { ($0.address, $0.takeHead()) }, uniquingKeysWith: { first, _ in first })
    }
}
