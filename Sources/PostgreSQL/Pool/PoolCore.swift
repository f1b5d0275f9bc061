import Dispatch
import Logging
import Synchronization

/// Carries out what `PoolMachine` decides: holds the lock, the calls and the threads. Threads keep it alive, not the
/// pool, so that a pool nobody holds any more can shut down.
final class PoolCore: Sendable {
    private struct State {
        var machine: PoolMachine
        var calls: [PoolMachine.CallID: PendingCall] = [:]
        var orders: [PoolMachine.Order?]
        var hasThread: [Bool]
        var clockRuns = false
        var clockWakesAt: ContinuousClock.Instant?
        var threads = 0
        var shutdownWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>
    private let wakes: [DispatchSemaphore]
    private let clockWake = DispatchSemaphore(value: 0)
    private let configuration: PostgresConfiguration
    private let logger: Logger

    init(_ configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        let machine = PoolMachine(
            size: configuration.poolSize,
            maximumWaiters: configuration.maximumWaiters,
            now: .now
        )
        let size = machine.slots.count
        wakes = (0..<size).map { _ in DispatchSemaphore(value: 0) }
        state = Mutex(
            State(
                machine: machine,
                orders: Array(repeating: nil, count: size),
                hasThread: Array(repeating: false, count: size)
            )
        )
    }

    func submit(_ call: PendingCall, id: PoolMachine.CallID) {
        react { state in
            state.calls[id] = call
            return state.machine.submitted(id, deadline: call.deadline, now: .now)
        }
    }

    /// A call that runs is left to its end.
    func cancel(id: PoolMachine.CallID) {
        react { $0.machine.cancelled(id) }
    }

    func beginShutdown() {
        react { $0.machine.shutdown() }
        clockWake.signal()
    }

    /// Returns when all threads have closed their connections.
    func waitUntilClosed() async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if state.threads > 0 { state.shutdownWaiters.append(continuation) }
                return state.threads == 0
            }
            if isDone { continuation.resume() }
        }
    }

    /// Puts one event to the machine and does what it says. `own` is the slot of the calling thread, which looks for
    /// its next order by itself.
    private func react(own: Int? = nil, _ event: (inout State) -> [PoolMachine.Action]) {
        var refused: [(PendingCall, PoolMachine.Refusal)] = []
        var threadless: [Int] = []
        state.withLock { state in
            for action in event(&state) {
                switch action {
                case .order(let order, let slot):
                    state.orders[slot] = order
                    if slot != own, !wake(slot, for: order, &state) { threadless.append(slot) }
                case .refuse(let id, let reason):
                    if let call = state.calls.removeValue(forKey: id) { refused.append((call, reason)) }
                }
            }
            windClock(&state)
        }
        for (call, reason) in refused { call.refuse(reason.error) }
        for slot in threadless {
            let failure = ConnectFailure.unavailable("the system has no thread to give")
            react { $0.machine.connectFailed(slot: slot, failure, now: .now, jitter: 1) }
        }
    }

    /// - Returns: false when the slot's thread could not be started; its first order is always to connect.
    private func wake(_ slot: Int, for order: PoolMachine.Order, _ state: inout State) -> Bool {
        if !state.hasThread[slot], order != .close {
            state.hasThread[slot] = true
            state.threads += 1
            guard NamedThread.run("pg-\(slot)", { self.serve(slot) }) else {
                state.orders[slot] = nil
                threadEnded(slot, &state)
                return false
            }
        }
        wakes[slot].signal()
        return true
    }
}

extension PoolCore {
    /// The life of one connection's thread.
    private func serve(_ slot: Int) {
        var session: PostgresSession?
        while true {
            guard let order = state.withLock({ $0.orders[slot].take() }) else {
                wakes[slot].wait()
                continue
            }
            switch order {
            case .connect: session = connect(slot)
            case .run(let id): run(id, slot, &session)
            case .close:
                session = nil
                let waiters = state.withLock { threadEnded(slot, &$0) }
                for waiter in waiters { waiter.resume() }
                return
            }
        }
    }

    private func connect(_ slot: Int) -> PostgresSession? {
        let limit = ContinuousClock.now + configuration.connectTimeout * max(1, configuration.hosts.count)
        do throws(ConnectFailure) {
            let session = try PostgresSession(opening: configuration, until: limit, logger: logger)
            logger.debug("connected to PostgreSQL", metadata: ["pg_slot": "\(slot)"])
            react(own: slot) { $0.machine.connected(slot: slot, now: .now) }
            return session
        } catch {
            logger.debug("no connection to PostgreSQL", metadata: ["pg_error": "\(error.error)"])
            let jitter = Double.random(in: 0..<1)
            react(own: slot) { $0.machine.connectFailed(slot: slot, error, now: .now, jitter: jitter) }
            return nil
        }
    }

    private func run(_ id: PoolMachine.CallID, _ slot: Int, _ session: inout PostgresSession?) {
        guard let call = state.withLock({ $0.calls[id] }) else { return }
        guard let open = session, open.isStillOpen() else {
            session = nil
            react(own: slot) {
                $0.machine.foundClosed(slot: slot, call: id, deadline: call.deadline, now: .now)
            }
            return
        }
        open.callDeadline = call.deadline
        let resume = call.run(open)
        open.rollBack()
        let healthy = open.failure == nil
        if !healthy { session = nil }
        react(own: slot) { state in
            state.calls[id] = nil
            return state.machine.finished(slot: slot, healthy: healthy, now: .now)
        }
        resume()
    }

    @discardableResult
    private func threadEnded(_ slot: Int, _ state: inout State) -> [CheckedContinuation<Void, Never>] {
        state.hasThread[slot] = false
        state.threads -= 1
        guard state.threads == 0, state.machine.isShuttingDown else { return [] }
        defer { state.shutdownWaiters = [] }
        return state.shutdownWaiters
    }
}

extension PoolCore {
    /// Deadlines of those who wait need a clock of their own; its thread starts with the first waiter.
    private func windClock(_ state: inout State) {
        guard !state.machine.isShuttingDown, let tick = state.machine.nextTick(now: .now) else { return }
        if !state.clockRuns { state.clockRuns = NamedThread.run("pg-clock") { self.keepTime() } }
        guard state.clockWakesAt.map({ tick < $0 }) ?? true else { return }
        state.clockWakesAt = tick
        clockWake.signal()
    }

    private func keepTime() {
        while true {
            let (tick, isOver) = state.withLock { state in
                state.clockWakesAt = state.machine.nextTick(now: .now)
                return (state.clockWakesAt, state.machine.isShuttingDown)
            }
            guard !isOver else { return }
            guard let tick else {
                clockWake.wait()
                continue
            }
            let left = ContinuousClock.now.duration(to: tick).wholeMilliseconds
            if left > 0, clockWake.wait(timeout: .now() + .milliseconds(Int(left))) == .success { continue }
            react { $0.machine.ticked(now: .now) }
        }
    }
}

extension PoolMachine.Refusal {
    var error: PostgresError {
        switch self {
        case .shutDown: .shutDown
        case .exhausted: .poolExhausted
        case .cancelled: .cancelled
        case .offline(let failure): failure.error
        }
    }
}
