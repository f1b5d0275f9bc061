import Synchronization

/// What an attempt shares with the pool that runs it.
package final class AttemptScope: Sendable {
    private struct State {
        var steps: Set<String> = []
        var usesCheckpoint = false
    }

    /// Nil for a message without an id that can be looked up: nothing of it can be fenced.
    let token: RunToken?
    let deduplicates: Bool
    /// For what the worker calls and enqueues.
    let traceparent: String?
    private let handle: AttemptHandle?
    private let state = Mutex(State())

    /// - Parameter handle: nil outside a pool: nobody drains it then, and nobody asks how far it is.
    package init(
        token: RunToken? = nil,
        deduplicates: Bool = false,
        traceparent: String? = nil,
        handle: AttemptHandle? = nil
    ) {
        self.token = token
        self.traceparent = traceparent
        self.deduplicates = deduplicates
        self.handle = handle
    }

    /// The worker has asked for its checkpoint or written one: it is to go when the job ends.
    var usesCheckpoint: Bool { state.withLock { $0.usesCheckpoint } }

    func noteCheckpoint() { state.withLock { $0.usesCheckpoint = true } }

    var shallEndSoon: Bool { handle?.isDraining ?? false }

    func progress(_ fraction: Double) { handle?.report(fraction) }

    func enter(_ step: String) throws(JobError) {
        guard step.utf8.count <= 100, !step.hasPrefix("$"), !step.utf8.contains(0) else {
            throw .dead("step_name", "a step's name has at most 100 bytes, no NUL and no $ at its beginning")
        }
        guard state.withLock({ $0.steps.insert(step).inserted }) else {
            let name = step.isEmpty ? "without a name" : "\"\(step)\""
            throw .dead("step_repeated", "the step \(name) came twice in one attempt: give each transaction its own")
        }
    }

    /// After a failure: the attempt may try the step again.
    func leave(_ step: String) {
        _ = state.withLock { $0.steps.remove(step) }
    }
}
