import JobCore
import Synchronization

/// Ends the collector's consumption once shutdown begins, whether it already exists or not.
final class CollectorDrain: Sendable {
    private struct State {
        var isDraining = false
        var consumption: (any Consumption)?
    }

    private let state = Mutex(State())

    var isDraining: Bool { state.withLock { $0.isDraining } }

    /// False when the drain has begun: nothing shall be fetched any more.
    func attach(_ consumption: any Consumption) -> Bool {
        state.withLock { state in
            state.consumption = consumption
            return !state.isDraining
        }
    }

    func begin() {
        let consumption = state.withLock { state in
            state.isDraining = true
            return state.consumption
        }
        if let consumption { Task { await consumption.stop() } }
    }
}
