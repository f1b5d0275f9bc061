import Synchronization

/// How many worlds exist at once: a few, so that no test starves on a small machine. One that measures time takes all.
final class Permits: Sendable {
    static let worlds = Permits(3)

    private struct State {
        var free: Int
        var line: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    let count: Int
    private let state: Mutex<State>

    init(_ count: Int) {
        self.count = count
        state = Mutex(State(free: count))
    }

    /// In the order of arrival, so that who wants all of them is served too.
    func take(_ wanted: Int) async {
        await withCheckedContinuation { continuation in
            let passes = state.withLock { state in
                guard state.line.isEmpty, state.free >= wanted else {
                    state.line.append((wanted, continuation))
                    return false
                }
                state.free -= wanted
                return true
            }
            if passes { continuation.resume() }
        }
    }

    func put(_ returned: Int) {
        let next = state.withLock { state in
            state.free += returned
            var next: [CheckedContinuation<Void, Never>] = []
            while let first = state.line.first, first.count <= state.free {
                state.free -= first.count
                next.append(first.continuation)
                state.line.removeFirst()
            }
            return next
        }
        for continuation in next { continuation.resume() }
    }
}
