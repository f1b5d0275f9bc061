import Synchronization

/// Wakes one waiting task. A ring before the wait is remembered, so that none is lost between looking and waiting.
final class Doorbell: Sendable {
    private struct State {
        var rung = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            let waiter = state.waiter.take()
            if waiter == nil { state.rung = true }
            return waiter
        }
        waiter?.resume()
    }

    /// Returns at the next ring, or at once after an unheard one. Ends with the task's cancellation too.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let previous = state.withLock { state -> CheckedContinuation<Void, Never>? in
                    if state.rung {
                        state.rung = false
                        return continuation
                    }
                    let previous = state.waiter
                    state.waiter = continuation
                    return previous
                }
                previous?.resume()
            }
        } onCancel: {
            ring()
        }
    }
}
