import Synchronization

/// Where the link's thread leaves deliveries and a consumer takes them, without a hop when some are there.
///
/// Bounded by the prefetch, which the broker keeps. One taker at a time.
final class DeliveryMailbox: Sendable {
    private struct Waiter {
        let call: UInt64
        let maximum: Int
        let continuation: CheckedContinuation<AMQPBatch?, Never>
    }

    private struct State {
        var deliveries: ArraySlice<AMQPDelivery> = []
        var waiter: Waiter?
        var isFinished = false
        var calls: UInt64 = 0
        /// The last call whose task was cancelled before it began to wait.
        var cancelledCall: UInt64?

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
        let (ready, call) = state.withLock { state in
            state.calls += 1
            return (state.take(maximum), state.calls)
        }
        if let ready { return ready }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let immediate: AMQPBatch?? = state.withLock { state in
                    if let ready = state.take(maximum) { return ready }
                    if state.cancelledCall == call || state.waiter != nil { return .some(nil) }
                    state.waiter = Waiter(call: call, maximum: maximum, continuation: continuation)
                    return nil
                }
                if let immediate { continuation.resume(returning: immediate) }
            }
        } onCancel: {
            let waiter: Waiter? = state.withLock { state in
                guard state.waiter?.call == call else {
                    state.cancelledCall = call
                    return nil
                }
                return state.waiter.take()
            }
            waiter?.continuation.resume(returning: nil)
        }
    }
}
