import Synchronization

/// Where the link's thread leaves deliveries and a consumer takes them, without a hop when some are there.
///
/// Bounded by the prefetch, which the broker keeps. One taker at a time.
final class DeliveryMailbox: Sendable {
    private struct State {
        var deliveries: ArraySlice<AMQPDelivery> = []
        var waiter: (continuation: CheckedContinuation<AMQPBatch?, Never>, maximum: Int)?
        var isFinished = false
        var isCancelled = false

        /// Takes up to `maximum`; nil = nothing yet, `.some(nil)` = the end.
        mutating func take(_ maximum: Int) -> AMQPBatch?? {
            if deliveries.isEmpty { return isFinished ? .some(nil) : nil }
            guard deliveries.count > maximum else {
                defer { deliveries = [] }
                return Array(deliveries)
            }
            defer { deliveries.removeFirst(maximum) }
            return Array(deliveries.prefix(maximum))
        }
    }

    private let state = Mutex(State())

    /// Everything read in one turn.
    func put(_ batch: [AMQPDelivery]) {
        update { $0.deliveries.append(contentsOf: batch) }
    }

    /// What nobody has taken belongs to a channel that is gone: the broker delivers it again.
    func discard() {
        state.withLock { $0.deliveries = [] }
    }

    /// Nothing more will come; what is there can still be taken.
    func finish() {
        update { $0.isFinished = true }
    }

    private func update(_ change: (inout State) -> Void) {
        let resume: (CheckedContinuation<AMQPBatch?, Never>, AMQPBatch?)? = state.withLock { state in
            change(&state)
            guard let waiter = state.waiter, let batch = state.take(waiter.maximum) else { return nil }
            state.waiter = nil
            return (waiter.continuation, batch)
        }
        resume?.0.resume(returning: resume?.1)
    }

    /// The next deliveries, at most `maximum` (at least 1). Nil at the end, when the task is cancelled, or when another
    /// call is already waiting.
    func next(maximum: Int) async -> AMQPBatch? {
        let maximum = max(1, maximum)
        if let ready = state.withLock({ $0.take(maximum) }) { return ready }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let immediate: AMQPBatch?? = state.withLock { state in
                    if let ready = state.take(maximum) { return ready }
                    if state.isCancelled || state.waiter != nil {
                        state.isCancelled = false
                        return .some(nil)
                    }
                    state.waiter = (continuation, maximum)
                    return nil
                }
                if let immediate { continuation.resume(returning: immediate) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                // The handler may run before the wait begins.
                state.isCancelled = state.waiter == nil
                return state.waiter
            }
            waiter?.continuation.resume(returning: nil)
        }
    }
}
