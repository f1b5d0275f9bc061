import Synchronization

/// Carries things from one task that prepares them to one that uses them, a few ahead at most.
final class Conveyor<Element: Sendable>: Sendable {
    private struct State {
        var ready: [Element] = []
        var isClosed = false
        var giver: CheckedContinuation<Void, Never>?
        var taker: CheckedContinuation<Element?, Never>?
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: how many may lie ready.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Waits for room before it lays the element down. False when it is closed: nobody will take it.
    /// - Parameter waitsUntilTaken: returns only when it, and everything before it, has been taken.
    func give(_ element: Element, waitsUntilTaken: Bool = false) async -> Bool {
        await pause { $0.ready.count < self.capacity }
        let (taker, isClosed) = state.withLock { state -> (CheckedContinuation<Element?, Never>?, Bool) in
            guard !state.isClosed else { return (nil, true) }
            defer { state.taker = nil }
            if state.taker == nil { state.ready.append(element) }
            return (state.taker, false)
        }
        guard !isClosed else { return false }
        taker?.resume(returning: element)
        if waitsUntilTaken { await pause { $0.ready.isEmpty } }
        return true
    }

    /// The giver's only wait; each taking looks again.
    private func pause(until condition: @escaping @Sendable (borrowing State) -> Bool) async {
        while !state.withLock({ $0.isClosed || condition($0) }) {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isClosed || condition(state) { return true }
                    state.giver = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        }
    }

    /// Nil when it is closed and nothing lies ready.
    func take() async -> Element? {
        await withCheckedContinuation { continuation in
            let (element, isOver, giver) = state.withLock {
                state -> (Element?, Bool, CheckedContinuation<Void, Never>?) in
                if !state.ready.isEmpty {
                    defer { state.giver = nil }
                    return (state.ready.removeFirst(), false, state.giver)
                }
                if state.isClosed { return (nil, true, nil) }
                state.taker = continuation
                return (nil, false, nil)
            }
            giver?.resume()
            if element != nil || isOver { continuation.resume(returning: element) }
        }
    }

    /// From either side: what lies ready can still be taken, nothing more comes.
    func close() {
        let (giver, taker) = state.withLock { state in
            state.isClosed = true
            defer { (state.giver, state.taker) = (nil, nil) }
            return (state.giver, state.taker)
        }
        giver?.resume()
        taker?.resume(returning: nil)
    }
}
