import Synchronization

/// Wakes whoever waits for something to have changed: a commit, an acknowledgement, an attempt.
final class Signal: Sendable {
    private struct State {
        var rings = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var rings: Int { state.withLock { $0.rings } }

    func ring() {
        let waiting = state.withLock { state in
            state.rings += 1
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns once it has rung more often than `seen`.
    func wait(beyond seen: Int) async {
        await withCheckedContinuation { continuation in
            let hasRung = state.withLock { state in
                if state.rings > seen { return true }
                state.waiting.append(continuation)
                return false
            }
            if hasRung { continuation.resume() }
        }
    }
}

/// Passes when it is opened, for good.
final class Latch: Sendable {
    private let signal = Signal()

    func open() { signal.ring() }

    var isOpen: Bool { signal.rings > 0 }

    func wait() async { await signal.wait(beyond: 0) }
}
