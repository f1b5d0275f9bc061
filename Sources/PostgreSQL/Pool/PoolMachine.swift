/// The pool's decisions: who waits, who runs where, when to connect, whom to refuse. No threads, no clock, no I/O.
///
/// A slot is a place for one connection and its thread. Callers are told the truth at once: while no connection is open
/// and the last attempt failed, nobody waits for the next one.
struct PoolMachine {
    typealias Instant = ContinuousClock.Instant
    typealias CallID = UInt64

    enum Slot: Equatable {
        case cold, connecting, idle, closed
        case busy(CallID)
    }

    enum Order: Equatable {
        case connect
        case run(CallID)
        case close
    }

    enum Refusal: Equatable {
        case shutDown, exhausted, cancelled
        case offline(ConnectFailure)
    }

    enum Action: Equatable {
        case order(Order, slot: Int)
        case refuse(CallID, Refusal)
    }

    private struct Waiter {
        let id: CallID
        let deadline: Instant
    }

    private(set) var slots: [Slot]
    /// Most recently used last: the warm ones are used, the rest may stay cold.
    private var idle: [Int] = []
    private var waiters: [Waiter] = []
    private var gate: ReconnectGate
    private var lastFailure: ConnectFailure?
    private let maximumWaiters: Int
    private(set) var isShuttingDown = false

    init(size: Int, maximumWaiters: Int, now: Instant) {
        slots = Array(repeating: .cold, count: max(size, 1))
        self.maximumWaiters = maximumWaiters
        gate = ReconnectGate(burst: max(size, 1), now: now)
    }

    mutating func submitted(_ id: CallID, deadline: Instant, now: Instant) -> [Action] {
        if isShuttingDown { return [.refuse(id, .shutDown)] }
        if let slot = idle.popLast() {
            slots[slot] = .busy(id)
            return [.order(.run(id), slot: slot)]
        }
        guard waiters.count < maximumWaiters else { return [.refuse(id, .exhausted)] }
        waiters.append(Waiter(id: id, deadline: deadline))
        return connectOrRefuse(now)
    }

    mutating func cancelled(_ id: CallID) -> [Action] {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return [] }
        waiters.remove(at: index)
        return [.refuse(id, .cancelled)]
    }

    mutating func connected(slot: Int, now: Instant) -> [Action] {
        gate.succeeded()
        lastFailure = nil
        return release(slot)
    }

    /// - Parameter jitter: 0 ..< 1.
    mutating func connectFailed(slot: Int, _ failure: ConnectFailure, now: Instant, jitter: Double) -> [Action] {
        gate.failed(at: now, jitter: jitter)
        lastFailure = failure
        return vacate(slot, now)
    }

    /// The call is over; `healthy` says whether the connection survived it.
    mutating func finished(slot: Int, healthy: Bool, now: Instant) -> [Action] {
        healthy ? release(slot) : vacate(slot, now)
    }

    /// The connection was found closed before the call was begun: the call goes back to the head of the line.
    mutating func foundClosed(slot: Int, call id: CallID, deadline: Instant, now: Instant) -> [Action] {
        guard !isShuttingDown else { return [.refuse(id, .shutDown)] + vacate(slot, now) }
        waiters.insert(Waiter(id: id, deadline: deadline), at: 0)
        return vacate(slot, now)
    }

    /// Refuses those whose time is over, and connects where the gate has opened.
    mutating func ticked(now: Instant) -> [Action] {
        let late = waiters.filter { $0.deadline <= now }
        guard !late.isEmpty else { return connectOrRefuse(now) }
        waiters.removeAll { $0.deadline <= now }
        let reason: Refusal =
            hasConnection ? .exhausted : .offline(lastFailure ?? .unavailable("still connecting"))
        return late.map { .refuse($0.id, reason) } + connectOrRefuse(now)
    }

    /// When `ticked` has something to do; nil when nobody waits.
    func nextTick(now: Instant) -> Instant? {
        guard let earliest = waiters.lazy.map(\.deadline).min() else { return nil }
        let mayConnect = slots.contains(.cold) && wanted > 0 && !gate.isOpen(at: now)
        return mayConnect ? min(earliest, gate.opens(after: now)) : earliest
    }

    /// Running calls go on to their end; waiting ones are refused.
    mutating func shutdown() -> [Action] {
        guard !isShuttingDown else { return [] }
        isShuttingDown = true
        var actions = waiters.map { Action.refuse($0.id, .shutDown) }
        waiters.removeAll()
        idle.removeAll()
        for slot in slots.indices {
            switch slots[slot] {
            case .cold, .idle: actions += close(slot)
            case .connecting, .busy, .closed: break
            }
        }
        return actions
    }

    private var hasConnection: Bool {
        slots.contains { slot in
            switch slot {
            case .idle, .busy: true
            case .cold, .connecting, .closed: false
            }
        }
    }

    /// Connections to open for those who wait, beyond those being opened.
    private var wanted: Int { waiters.count - slots.count { $0 == .connecting } }

    private mutating func release(_ slot: Int) -> [Action] {
        guard !isShuttingDown else { return close(slot) }
        guard !waiters.isEmpty else {
            slots[slot] = .idle
            idle.append(slot)
            return []
        }
        let next = waiters.removeFirst()
        slots[slot] = .busy(next.id)
        return [.order(.run(next.id), slot: slot)]
    }

    private mutating func vacate(_ slot: Int, _ now: Instant) -> [Action] {
        guard !isShuttingDown else { return close(slot) }
        slots[slot] = .cold
        return connectOrRefuse(now)
    }

    private mutating func close(_ slot: Int) -> [Action] {
        slots[slot] = .closed
        return [.order(.close, slot: slot)]
    }

    private mutating func connectOrRefuse(_ now: Instant) -> [Action] {
        var actions: [Action] = []
        while wanted > 0, let slot = slots.firstIndex(of: .cold), mayConnect(now) {
            gate.attempt(at: now)
            slots[slot] = .connecting
            actions.append(.order(.connect, slot: slot))
        }
        if gate.isFailing, let lastFailure, !hasConnection, !slots.contains(.connecting) {
            actions += waiters.map { .refuse($0.id, .offline(lastFailure)) }
            waiters.removeAll()
        }
        return actions
    }

    /// While it fails, one probe at a time.
    private func mayConnect(_ now: Instant) -> Bool {
        gate.isOpen(at: now) && !(gate.isFailing && slots.contains(.connecting))
    }
}
