import Synchronization

/// How many jobs of one queue run at once in this process, shared by its lanes: a free slot goes to the highest lane
/// that waits for one.
package final class Slots: Sendable {
    private struct State {
        var free: Int
        var closed = false
        var ended = false
        var waiting: [Lane: [CheckedContinuation<Bool, Never>]] = [:]
    }

    private let state: Mutex<State>

    package init(_ count: Int) {
        state = Mutex(State(free: count))
    }

    /// Waits for a slot. False when closed: nothing more shall start.
    package func acquire(_ lane: Lane) async -> Bool {
        if takeFree() { return true }
        return await withCheckedContinuation { continuation in
            let answer: Bool? = state.withLock { state in
                if state.closed || state.ended { return false }
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                state.waiting[lane, default: []].append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// The usual case, without the price of a continuation. Nobody waits while a slot is free.
    private func takeFree() -> Bool {
        state.withLock { state in
            guard !state.closed, !state.ended, state.free > 0 else { return false }
            state.free -= 1
            return true
        }
    }

    package func release() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            for lane in Lane.allCases {
                if let first = state.waiting[lane]?.first {
                    state.waiting[lane]?.removeFirst()
                    return first
                }
            }
            state.free += 1
            return nil
        }
        next?.resume(returning: true)
    }

    /// Turns away everyone who waits, and whoever comes, until `open()`.
    package func close() {
        turnAway { $0.closed = true }
    }

    /// For tests, which must know that somebody has come before they let the next one go.
    var waitingCount: Int { state.withLock { $0.waiting.values.reduce(0) { $0 + $1.count } } }

    package var isClosed: Bool { state.withLock { $0.closed } }

    package func open() {
        state.withLock { $0.closed = false }
    }

    /// Turns everyone away for good: the process drains.
    package func end() {
        turnAway { $0.ended = true }
    }

    private func turnAway(_ change: (inout State) -> Void) {
        let turnedAway = state.withLock { state in
            change(&state)
            defer { state.waiting = [:] }
            return state.waiting.values.flatMap(\.self)
        }
        for continuation in turnedAway { continuation.resume(returning: false) }
    }
}
