package import Logging
import ServiceLifecycle
import Synchronization

/// A few connections to one database, each on a thread of its own, lent to one caller at a time.
///
/// Connections are opened when they are needed; a broken one is replaced at the next need, after failures with
/// full-jitter pauses (100 ms … 5 s) and at most two attempts a second. While the server cannot be reached, calls fail
/// at once with `.unavailable` or `.authentication`; nobody waits for a server that is down. No call blocks a thread of
/// Swift's cooperative pool.
///
/// Usable without further ado; as a `Service` it shuts down gracefully. A pool that is dropped shuts down too.
package final class PostgresPool: Service {
    private let core: PoolCore
    private let configuration: PostgresConfiguration
    private let nextID = Atomic<PoolMachine.CallID>(0)

    /// Starts nothing: the first call opens the first connection.
    package init(_ configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        core = PoolCore(configuration, logger: logger)
    }

    deinit {
        core.beginShutdown()
    }

    /// Waits for the graceful shutdown or cancellation, then does `shutdown()`. Does not fail when the server is down.
    package func run() async throws {
        try? await gracefulShutdown()
        await shutdown()
    }

    /// Opens a connection and asks one question, so that a wrong URL or password shows at the start of a program.
    package func start() async throws(PostgresError) {
        try await withSession { session in _ = try session.query("SELECT 1") }
    }

    /// Refuses new and waiting calls with `.shutDown`, lets running ones finish (by their own deadlines at the latest)
    /// and closes all connections. May be called more than once.
    package func shutdown() async {
        core.beginShutdown()
        await core.waitUntilClosed()
    }

    /// Runs the body on a connection's thread, each statement a transaction of its own.
    ///
    /// - Parameter deadline: for waiting and running together; default `callTimeout` of the configuration. Statements
    ///   are bounded by it; what else the body does is not, so it should do nothing else that takes long.
    /// - Throws: what the session threw; another error of the body as `.body`. Statements before the error stay done.
    ///   When the connection is lost (`.connection`, `.timeout`) it is unknown whether the last one took effect.
    ///   A cancelled task leaves the line with `.cancelled`; once the body runs it is not interrupted.
    package func withSession<T: Sendable>(
        deadline: Duration? = nil,
        _ body: @escaping @Sendable (PostgresSession) throws -> T
    ) async throws(PostgresError) -> T {
        try await call(deadline) { (session) throws(PostgresError) in
            do {
                return try body(session)
            } catch {
                throw error as? PostgresError ?? .body(error)
            }
        }
    }

    /// Runs the body between BEGIN and COMMIT, and ROLLBACK if it throws.
    ///
    /// The body must bear being run again: it is, from the start, when the server chose this transaction as the victim
    /// of a serialization conflict or a deadlock, or a prepared statement had become stale.
    /// - Parameter deadline: for waiting and all runs together; default `callTimeout` of the configuration.
    /// - Parameter attempts: runs of the body at most.
    /// - Throws: as `withSession`, but nothing stays done; except `.commitUnknown`, where all or nothing is, because
    ///   the connection was lost while COMMIT was under way. An SQL error the body swallowed is thrown at its end.
    package func transaction<T: Sendable>(
        isolation: TransactionIsolation = .readCommitted,
        readOnly: Bool = false,
        attempts: Int = 5,
        deadline: Duration? = nil,
        _ body: @escaping @Sendable (PostgresSession) throws -> T
    ) async throws(PostgresError) -> T {
        let options = TransactionOptions(isolation: isolation, readOnly: readOnly, attempts: attempts)
        return try await call(deadline) { (session) throws(PostgresError) in
            try session.runTransaction(options, body)
        }
    }

    private func call<T: Sendable>(
        _ allowed: Duration?,
        _ work: @escaping @Sendable (PostgresSession) throws(PostgresError) -> T
    ) async throws(PostgresError) -> T {
        let deadline = ContinuousClock.now + (allowed ?? configuration.callTimeout)
        let id = nextID.wrappingAdd(1, ordering: .relaxed).newValue
        let result: Result<T, PostgresError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let call = PendingCall(
                    deadline: deadline,
                    run: { session in
                        let result = Result { () throws(PostgresError) in try work(session) }
                        return { continuation.resume(returning: result) }
                    },
                    refuse: { continuation.resume(returning: .failure($0)) }
                )
                core.submit(call, id: id)
                // The handler may have run before there was anything to cancel.
                if Task.isCancelled { core.cancel(id: id) }
            }
        } onCancel: {
            core.cancel(id: id)
        }
        return try result.get()
    }
}
