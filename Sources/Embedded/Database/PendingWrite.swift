import JobCore
import Synchronization

/// A caller's closure on its way through the writer's thread.
protocol PendingWrite: AnyObject, Sendable {
    /// Alone in an exclusive transaction.
    var isExclusive: Bool { get }
    /// Fails with `busy` when it has not begun by then.
    var busyAt: ContinuousClock.Instant { get }

    /// False when its caller has given up: it must not run.
    func begin() -> Bool
    /// False when the closure threw: what it did must be rolled back.
    func run(_ session: SQLiteSession) -> Bool
    /// Resumes the caller, with the closure's result unless `error` (of the shared transaction) overrides a success.
    func finish(_ error: StoreError?)
}

final class TypedWrite<T: Sendable>: PendingWrite {
    typealias Body = @Sendable (any SQLSession) throws(StoreError) -> T

    private struct State {
        var continuation: CheckedContinuation<Result<T, StoreError>, Never>?
        var begun = false
        var result: Result<T, StoreError>?
        var timer: Task<Void, Never>?
    }

    let isExclusive: Bool
    let busyAt: ContinuousClock.Instant
    private let body: Body
    private let state: Mutex<State>

    init(
        isExclusive: Bool,
        busyAt: ContinuousClock.Instant,
        continuation: CheckedContinuation<Result<T, StoreError>, Never>,
        body: @escaping Body
    ) {
        self.isExclusive = isExclusive
        self.busyAt = busyAt
        self.body = body
        state = Mutex(State(continuation: continuation))
    }

    /// The caller's own deadline: a write that has not begun never will; of one that has, the outcome is unknown.
    func giveUp(at deadline: ContinuousClock.Instant) {
        let timer = Task<Void, Never> { [self] in
            guard (try? await Task.sleep(until: deadline, clock: .continuous)) != nil else { return }
            expire()
        }
        state.withLock { $0.timer = timer }
    }

    private func expire() {
        let (continuation, begun) = state.withLock { state in
            (state.continuation.take(), state.begun)
        }
        continuation?.resume(
            returning: .failure(begun ? .commitUnknown : .unavailable("no turn to write within the deadline"))
        )
    }

    func begin() -> Bool {
        state.withLock { state in
            guard state.continuation != nil else { return false }
            state.begun = true
            return true
        }
    }

    func run(_ session: SQLiteSession) -> Bool {
        let result: Result<T, StoreError>
        do throws(StoreError) {
            result = .success(try body(session))
        } catch {
            result = .failure(error)
        }
        state.withLock { $0.result = result }
        if case .success = result { return true }
        return false
    }

    func finish(_ error: StoreError?) {
        let (continuation, result, timer) = state.withLock { state in
            (state.continuation.take(), state.result.take(), state.timer.take())
        }
        timer?.cancel()
        switch (result, error) {
        case (.failure(let own)?, _): continuation?.resume(returning: .failure(own))
        case (_, let error?): continuation?.resume(returning: .failure(error))
        case (let result?, nil): continuation?.resume(returning: result)
        case (nil, nil): continuation?.resume(returning: .failure(.rolledBack))
        }
    }
}
