import Synchronization

/// The attempts in flight in this process: for deadlines, for draining, and for `jobctl workers`.
package final class RunningAttempts: Sendable {
    package struct Entry: Sendable {
        package let id: JobID
        package let job: JobName
        package let started: ContinuousClock.Instant
        let readyAt: Timestamp?
        let deadline: ContinuousClock.Instant
        /// What the worker says of how far it is, 0…1.
        package var progress: Double?
        var task: Task<Void, Never>?
        var cancelled: Cancellation?
        /// Has been told of as one that takes long.
        var isToldSlow = false
    }

    enum Cancellation: Sendable { case deadline, drain, withdrawal }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var next: UInt64 = 0
        /// Nothing new begins, and long jobs had better end their slices.
        var isDraining = false
        /// What still runs is no longer waited for.
        var isAbandoned = false
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]

        mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
            defer { waiters = [:] }
            return Array(waiters.values)
        }
    }

    private let state = Mutex(State())

    package init() {}

    func begin(
        _ id: JobID,
        _ job: JobName,
        readyAt: Timestamp? = nil,
        deadline: ContinuousClock.Instant
    ) -> UInt64 {
        state.withLock { state in
            state.next += 1
            state.entries[state.next] = Entry(
                id: id,
                job: job,
                started: .now,
                readyAt: readyAt,
                deadline: deadline
            )
            return state.next
        }
    }

    /// The task exists only after its entry; one whose entry was cancelled in between is cancelled here.
    func attach(_ task: Task<Void, Never>, to key: UInt64) {
        let late = state.withLock { state in
            state.entries[key]?.task = task
            return state.entries[key]?.cancelled != nil
        }
        if late { task.cancel() }
    }

    func cancellation(_ key: UInt64) -> Cancellation? {
        state.withLock { $0.entries[key]?.cancelled }
    }

    func report(_ progress: Double, of key: UInt64) {
        state.withLock { $0.entries[key]?.progress = progress }
    }

    var isDraining: Bool { state.withLock { $0.isDraining } }

    func drain() { state.withLock { $0.isDraining = true } }

    func end(_ key: UInt64) {
        let waiters = state.withLock { state in
            state.entries[key] = nil
            return state.entries.isEmpty ? state.takeWaiters() : []
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Cancels what is past its deadline; called every 100 ms, which is the resolution of a timeout.
    func cancelOverdue(now: ContinuousClock.Instant = .now) {
        cancel(.deadline) { $0.deadline <= now }
    }

    /// How many have run for longer, and were not counted before.
    func takeSlow(after limit: Duration, now: ContinuousClock.Instant = .now) -> Int {
        state.withLock { state in
            var count = 0
            for (key, entry) in state.entries where !entry.isToldSlow && entry.started.duration(to: now) > limit {
                state.entries[key]?.isToldSlow = true
                count += 1
            }
            return count
        }
    }

    /// Ends those that somebody no longer wants.
    func withdraw(_ ids: Set<JobID>) {
        cancel(.withdrawal) { ids.contains($0.id) }
    }

    func cancelAll() {
        cancel(.drain) { _ in true }
    }

    private func cancel(_ reason: Cancellation, where matches: (Entry) -> Bool) {
        let tasks = state.withLock { state in
            var tasks: [Task<Void, Never>] = []
            for (key, entry) in state.entries where entry.cancelled == nil && matches(entry) {
                state.entries[key]?.cancelled = reason
                if let task = entry.task { tasks.append(task) }
            }
            return tasks
        }
        for task in tasks { task.cancel() }
    }

    /// Stops waiting for attempts that ignore their cancellation: their deliveries go back, the process may end.
    func abandon() {
        let waiters = state.withLock { state in
            state.isAbandoned = true
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when nothing runs, or when what runs has been abandoned; on request also when the calling task is
    /// cancelled. A runner never asks for that: what runs must be over before its deliveries go back.
    func idle(orCancelled heedsCancellation: Bool = false) async {
        let key = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.entries.isEmpty || state.isAbandoned { return true }
                    if heedsCancellation, Task.isCancelled { return true }
                    state.waiters[key] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            guard heedsCancellation else { return }
            state.withLock { $0.waiters.removeValue(forKey: key) }?.resume()
        }
    }

    var isEmpty: Bool { state.withLock { $0.entries.isEmpty } }

    package var snapshot: [Entry] {
        state.withLock { Array($0.entries.values) }.sorted { $0.started < $1.started }
    }
}

/// One attempt among those that run.
package struct AttemptHandle: Sendable {
    let running: RunningAttempts
    let key: UInt64

    var cancellation: RunningAttempts.Cancellation? { running.cancellation(key) }
    var isDraining: Bool { running.isDraining }

    func report(_ progress: Double) { running.report(progress, of: key) }
}
