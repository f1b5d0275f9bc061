import Logging

/// Tells the store every second that this process is alive, what it runs and what it has done.
struct Heartbeat: Sendable {
    static let period: Duration = .seconds(1)
    /// Between two beats at least, whatever has happened.
    private static let pause: Duration = .milliseconds(300)
    private static let glance: Duration = .milliseconds(300)

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
            await beat(state: runners.contains { $0.running.isDraining } ? .draining : .up)
            await withdrawCancelled()
            await untilNextBeat()
        }
    }

    /// Whoever has just become idle says so early: what it has taken tells how far its lanes have come, and the next job
    /// must not be taken for one that was published with the last.
    private func untilNextBeat() async {
        let beaten = ContinuousClock.now
        while !Task.isCancelled, beaten.duration(to: .now) < Heartbeat.period {
            try? await Task.sleep(for: Heartbeat.glance)
            guard flow.hasCounts, beaten.duration(to: .now) >= Heartbeat.pause else { continue }
            if runners.allSatisfy(\.isIdle) { return }
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
            let isAsked = try await store.beat(record(state), delivered: delivered)
            if isAsked, state == .up {
                logger.notice("an operator wants this process to drain")
                configuration.drainWanted()
            }
        } catch {
            logger.warning("heartbeat did not reach the store", metadata: [LogKey.error: "\(error.label)"])
        }
    }

    /// Ends what somebody has asked to end, at the latest a second after.
    private func withdrawCancelled() async {
        guard runners.contains(where: { !$0.running.isEmpty }) else { return }
        do {
            let ids = try await store.cancelledFires()
            guard !ids.isEmpty else { return }
            for runner in runners { runner.running.withdraw(ids) }
        } catch {
            logger.debug("cancellations wait for the store", metadata: [LogKey.error: "\(error.label)"])
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
            held: state == .gone ? HeldDeliveries() : held,
            state: state
        )
    }

    private var delivered: [QueueAddress: Timestamp] {
        Dictionary(runners.compactMap { runner in runner.takeDelivered().map { (runner.address, $0) } }) { first, _ in
            first
        }
    }

    private var held: HeldDeliveries {
        let lanes = runners.map { ($0.address.name, $0.held) }.filter { $0.1.count > 0 }
        return HeldDeliveries(Dictionary(lanes) { first, _ in first })
    }
}
