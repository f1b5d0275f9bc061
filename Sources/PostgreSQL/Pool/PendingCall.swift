import Synchronization

/// A caller's closure on its way to a connection.
final class PendingCall: Sendable {
    let deadline: ContinuousClock.Instant
    /// Runs on the connection's thread; what it returns resumes the caller, once the slot is free again.
    let run: @Sendable (PostgresSession) -> @Sendable () -> Void
    let refuse: @Sendable (PostgresError) -> Void

    init(
        deadline: ContinuousClock.Instant,
        run: @escaping @Sendable (PostgresSession) -> @Sendable () -> Void,
        refuse: @escaping @Sendable (PostgresError) -> Void
    ) {
        self.deadline = deadline
        self.run = run
        self.refuse = refuse
    }
}
