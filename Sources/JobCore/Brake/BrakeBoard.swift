import Logging
import Synchronization

/// What this process knows of the brakes: breakers and pauses of the whole fleet, a second old at most, and a quarter of one
/// while something is stopped. What its own attempts bring to light it knows at once.
final class BrakeBoard: Sendable {
    private static let calmPeriod: Duration = .seconds(1)
    private static let busyPeriod: Duration = .milliseconds(250)
    /// A right to try is lent for so long, and again when the job begins.
    private static let probeLease: Duration = .seconds(10)

    /// Whether a queue may be fetched.
    enum Gate: Sendable, Equatable {
        case open
        case shut
        /// One job at a time may try these dependencies.
        case trying([String])
    }

    private struct Stop {
        let record: BreakerRecord
        /// Nil while it is held open by hand.
        let endsAt: ContinuousClock.Instant?
    }

    private struct State {
        var stops: [String: Stop] = [:]
        var pausedQueues: Set<String> = []
        var pausedJobs: [JobName: QueueControl] = [:]
        /// Answers that have not been told to the store yet.
        var pending: [String: DependencyOutcomes] = [:]
        var listeners: [@Sendable () -> Void] = []
    }

    fileprivate struct Report: Sendable {
        let names: [String]
        let reason: String
    }

    private let manifest: Manifest
    private let store: Store
    private let worker: String
    private let logger: Logger
    private let state = Mutex(State())
    private let reports: Batcher<Report, Bool>
    private let policies: [String: BreakerPolicy]
    private let dependents: [String: [String]]
    /// By queue: looked up for every attempt.
    private let dependencies: [String: [DependencyDeclaration]]

    init(manifest: Manifest, store: Store, worker: String, logger: Logger) {
        self.manifest = manifest
        self.store = store
        self.worker = worker
        self.logger = logger
        let dependencies = Dictionary(
            manifest.queues.keys.map { ($0, manifest.dependencies(of: $0)) },
            uniquingKeysWith: { first, _ in first }
        )
        self.dependencies = dependencies.filter { !$0.value.isEmpty }
        let all = dependencies.values.flatMap(\.self)
        let policies = Dictionary(all.map { ($0.name, $0.breaker) }, uniquingKeysWith: { first, _ in first })
        self.policies = policies
        let dependents = Dictionary(
            policies.keys.map { ($0, manifest.queues(dependingOn: $0)) },
            uniquingKeysWith: { first, _ in first }
        )
        self.dependents = dependents
        let late = LateBoard()
        reports = Batcher(maximum: 500) { await late.board?.tell($0) ?? $0.map { _ in false } }
        late.set(self)
    }

    func listen(_ listener: @escaping @Sendable () -> Void) {
        state.withLock { $0.listeners.append(listener) }
    }

    func dependencies(of queue: String) -> [DependencyDeclaration] {
        dependencies.isEmpty ? [] : dependencies[queue] ?? []
    }

    func gate(of queue: String, now: ContinuousClock.Instant = .now) -> Gate {
        let names = dependencies[queue]?.map(\.name) ?? []
        return state.withLock { state in
            if state.pausedQueues.contains(queue) { return .shut }
            guard !state.stops.isEmpty else { return .open }
            var trying: [String] = []
            for name in names {
                guard let stop = state.stops[name] else { continue }
                guard let end = stop.endsAt, end <= now else { return .shut }
                trying.append(name)
            }
            return trying.isEmpty ? .open : .trying(trying)
        }
    }

    func pause(of job: JobName) -> QueueControl? {
        state.withLock { state in
            guard !state.pausedJobs.isEmpty, let control = state.pausedJobs[job] else { return nil }
            if let until = control.until, until <= .now() { return nil }
            return control
        }
    }

    /// Until the first of these may be tried; nil when all are closed.
    func remaining(_ names: [String]) -> Duration? {
        state.withLock { state in
            let stops = names.compactMap { state.stops[$0] }
            guard !stops.isEmpty else { return nil }
            return stops.map { stop in
                stop.endsAt.map { max(.zero, ContinuousClock.now.duration(to: $0)) } ?? .seconds(5)
            }.max()
        }
    }
}

// What attempts say.
extension BrakeBoard {
    /// The dependencies of a queue did their part. Told to the store a second later at most, with whatever else there is.
    func answered(_ dependencies: [DependencyDeclaration]) {
        state.withLock { state in
            for dependency in dependencies where state.stops[dependency.name] == nil {
                state.pending[dependency.name, default: DependencyOutcomes()].answered += 1
            }
        }
    }

    /// Attempts that take too long. Told with the next look: whoever watches over deadlines waits for no store.
    func noteSlow(_ count: Int, of name: String) {
        guard count > 0 else { return }
        state.withLock { state in
            guard state.stops[name] == nil else { return }
            state.pending[name, default: DependencyOutcomes()].merge(DependencyOutcomes(failed: count, reason: "slow"))
        }
    }

    /// True when one of them is not closed, or is not any more: then this failure charges nobody.
    func failed(_ names: [String], reason: String) async -> Bool {
        await reports.submit(Report(names: names, reason: reason))
    }

    fileprivate func tell(_ reports: [Report]) async -> [Bool] {
        var outcomes = takePending()
        for report in reports {
            for name in report.names {
                outcomes[name, default: DependencyOutcomes()].merge(
                    DependencyOutcomes(failed: 1, reason: report.reason)
                )
            }
        }
        await flush(outcomes)
        return reports.map { report in state.withLock { state in report.names.contains { state.stops[$0] != nil } } }
    }

    private func takePending() -> [String: DependencyOutcomes] {
        state.withLock { state in
            defer { state.pending = [:] }
            return state.pending
        }
    }

    private func flush(_ outcomes: [String: DependencyOutcomes]) async {
        guard !outcomes.isEmpty else { return }
        do {
            let records = try await store.report(outcomes, policies: policies, queues: dependents)
            note(Array(records.values))
        } catch {
            // The attempts themselves will find the store gone; what they said of others is not worth keeping.
            logger.debug("outcomes of dependencies are lost", metadata: [LogKey.error: "\(error.label)"])
        }
    }

    private func note(_ records: [BreakerRecord]) {
        let now = ContinuousClock.now
        var opened: [BreakerRecord] = []
        var closed: [String] = []
        let listeners = state.withLock { state in
            var changed = false
            for record in records {
                let known = state.stops[record.name]
                guard record.state != .closed else {
                    if known != nil {
                        (state.stops[record.name], changed) = (nil, true)
                        closed.append(record.name)
                    }
                    continue
                }
                if known == nil { opened.append(record) }
                if known?.record != record { changed = true }
                let end = record.state == .halfOpen ? now : record.remaining.map { now + $0 }
                state.stops[record.name] = Stop(record: record, endsAt: end)
                state.pending[record.name] = nil
            }
            return changed ? state.listeners : []
        }
        for record in opened {
            logger.warning(
                "a breaker is open, its queues are parked",
                metadata: ["dependency": "\(record.name)", "reason": "\(record.reason ?? "?")"]
            )
        }
        for name in closed { logger.notice("a breaker is closed again", metadata: ["dependency": "\(name)"]) }
        for listener in listeners { listener() }
    }
}

// Trying whether a dependency is back.
extension BrakeBoard {
    private func prober(_ address: QueueAddress) -> String { "\(worker) \(address.name)" }

    func beginProbe(_ names: [String], at address: QueueAddress, lasting: Duration? = nil) async -> Bool {
        do {
            let lease = (lasting ?? .zero) + BrakeBoard.probeLease
            return try await store.beginProbe(names, prober: prober(address), lasting: lease)
        } catch {
            return false
        }
    }

    /// No job was there, or it said nothing.
    func endProbe(_ names: [String], at address: QueueAddress) async {
        do {
            try await store.endProbe(names, prober: prober(address))
        } catch {
            logger.debug("the right to try ends by itself", metadata: [LogKey.error: "\(error.label)"])
        }
        await look()
    }

    func probeAnswered(_ names: [String], at address: QueueAddress) async {
        do {
            try await store.closeBreakers(names, probedBy: prober(address))
        } catch {
            logger.debug("breaker stays half open", metadata: [LogKey.error: "\(error.label)"])
        }
        await look()
    }

    func probeFailed(_ names: [String], at address: QueueAddress, reason: String) async {
        do {
            for name in names {
                let policy = policies[name] ?? BreakerPolicy()
                try await store.reopenBreaker(name, probedBy: prober(address), policy, reason: "tried again: \(reason)")
            }
        } catch {
            logger.debug("breaker stays half open", metadata: [LogKey.error: "\(error.label)"])
        }
        await look()
    }
}

// What the others have found out.
extension BrakeBoard {
    /// The first look, before anything is fetched.
    func arrive() async {
        await look()
    }

    /// Until cancelled.
    func run() async {
        while !Task.isCancelled {
            await flush(takePending())
            await look()
            let isCalm = state.withLock { $0.stops.isEmpty && $0.pausedQueues.isEmpty }
            try? await Task.sleep(for: isCalm ? BrakeBoard.calmPeriod : BrakeBoard.busyPeriod)
        }
        await flush(takePending())
    }

    private func look() async {
        do {
            let brakes = try await store.brakes()
            note(brakes.breakers)
            note(brakes.controls)
        } catch {
            logger.debug("brakes wait for the store", metadata: [LogKey.error: "\(error.label)"])
        }
    }

    private func note(_ controls: [QueueControl]) {
        let queues = Set(controls.filter { $0.scope == .queue }.map(\.name))
        let jobs = controls.filter { $0.scope == .jobType }.map { (JobName(unchecked: $0.name), $0) }
        let listeners = state.withLock { state in
            state.pausedJobs = Dictionary(jobs, uniquingKeysWith: { first, _ in first })
            guard state.pausedQueues != queues else { return [@Sendable () -> Void]() }
            state.pausedQueues = queues
            return state.listeners
        }
        for listener in listeners { listener() }
    }
}

/// The batcher is a part of the board and calls it.
private final class LateBoard: Sendable {
    private let weak = Mutex<Weak>(Weak())

    private struct Weak: Sendable {
        weak var board: BrakeBoard?
    }

    var board: BrakeBoard? { weak.withLock { $0.board } }

    func set(_ board: BrakeBoard) { weak.withLock { $0.board = board } }
}

/// Everything that stops or slows queues right now.
package struct Brakes: Sendable, Equatable {
    package var breakers: [BreakerRecord] = []
    package var controls: [QueueControl] = []
}

extension Store {
    package func brakes() async throws(StoreError) -> Brakes {
        try await driver.read { session throws(StoreError) in
            Brakes(breakers: try session.breakers(), controls: try session.controls())
        }
    }
}

extension Brakes {
    /// Of queues that nothing may be published to: parked or paused.
    package func isStopped(_ queue: String, dependencies: [String]) -> Bool {
        breakers.contains { $0.state == .open && (dependencies.contains($0.name) || $0.queues.contains(queue)) }
            || controls.contains { $0.scope == .queue && $0.name == queue }
    }
}
