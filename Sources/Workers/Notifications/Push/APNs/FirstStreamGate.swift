import Synchronization

/// Apple allows one stream on a connection until a request with a valid token was accepted on it. So the first request
/// goes alone, and the others wait for its answer; so it is after a lost connection, and after a rest in which the
/// connection may have gone.
final class FirstStreamGate: Sendable {
    /// Apple and the kernel keep idle connections for longer than this.
    static let rest: Duration = .seconds(60)

    private struct State {
        var isProven = false
        var isProving = false
        var lastAnswer: ContinuousClock.Instant?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Returns whether the caller is the one whose answer the others wait for. Every call is followed by one of `leave`.
    func enter(now: ContinuousClock.Instant = .now) async -> Bool {
        while true {
            let decision = state.withLock { state -> Bool? in
                if state.isProven, let last = state.lastAnswer, last.duration(to: now) > Self.rest {
                    state.isProven = false
                }
                if state.isProven { return false }
                if state.isProving { return nil }
                state.isProving = true
                return true
            }
            if let decision { return decision }
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.isProving else { return true }
                    state.waiters.append(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        }
    }

    /// - Parameter accepted: nil when there was no answer; false when the token was refused.
    func leave(isFirst: Bool, accepted: Bool?, now: ContinuousClock.Instant = .now) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            if let accepted, accepted {
                state.lastAnswer = now
                if isFirst { state.isProven = true }
            } else {
                state.isProven = false
            }
            guard isFirst else { return [] }
            state.isProving = false
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
