public import Logging

/// What an attempt knows about itself, and its ways to the store.
public struct JobContext: Sendable {
    public let id: JobID
    /// 1 for the first.
    public let attempt: Int
    /// The job's birth; the same for every attempt.
    public let enqueuedAt: Timestamp
    /// When the attempt's task is cancelled. A worker that throws then is tried again as `timeout`.
    public let deadline: ContinuousClock.Instant
    /// Carries the job's id, name and attempt. Made when asked for: most attempts log nothing.
    public var logger: Logger {
        var logger = poolLogger
        logger[metadataKey: LogKey.job] = "\(id)"
        logger[metadataKey: LogKey.name] = "\(job)"
        logger[metadataKey: LogKey.attempt] = "\(attempt)"
        return logger
    }

    private let job: JobName
    private let poolLogger: Logger
    let client: JobClient
    let store: Store

    package init(
        id: JobID,
        job: JobName,
        attempt: Int,
        enqueuedAt: Timestamp,
        deadline: ContinuousClock.Instant,
        logger: Logger,
        client: JobClient,
        store: Store
    ) {
        self.id = id
        self.job = job
        self.attempt = attempt
        self.enqueuedAt = enqueuedAt
        self.deadline = deadline
        poolLogger = logger
        self.client = client
        self.store = store
    }

    init(_ envelope: Envelope, deadline: ContinuousClock.Instant, logger: Logger, client: JobClient, store: Store) {
        self.init(
            id: envelope.id,
            job: envelope.job,
            attempt: envelope.attempt,
            enqueuedAt: envelope.enqueuedAt,
            deadline: deadline,
            logger: logger,
            client: client,
            store: store
        )
    }

    /// True once the deadline has passed or the process drains: stop at the next safe point and throw.
    public var isCancelled: Bool { Task.isCancelled }

    /// Runs a closure in one transaction of the store's database and returns after its commit is durable; an error
    /// rolls it back and is thrown on. The closure is synchronous, may share its commit with other jobs' and may run
    /// again after a serialization failure: keep effects inside the session.
    @discardableResult
    public func transaction<T: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> T
    ) async throws -> T {
        let outcome = try await store.driver.attemptWrite(body)
        return try outcome.get()
    }

    /// The same text for every attempt of this job and step: for a provider's `Idempotency-Key`.
    public func idempotencyKey(_ step: String) -> String {
        "\(id)-\(step)"
    }

    /// Enqueues a job from within this one, with the same promise as any enqueue.
    @discardableResult
    public func enqueue<J: Job>(_ job: J, _ options: EnqueueOption...) async throws(EnqueueError) -> JobID {
        try await client.enqueue(job, options: options)
    }
}

extension StoreDriver {
    /// A write whose closure may throw anything: its own error comes back as a value, after the rollback.
    fileprivate func attemptWrite<T: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> T
    ) async throws(StoreError) -> Result<T, any Error> {
        let thrown = ThrownError()
        do throws(StoreError) {
            let value = try await write { session throws(StoreError) in
                try thrown.guarding { try body(session) }
            }
            return .success(value)
        } catch {
            guard error == .rolledBack, let own = thrown.error else { throw error }
            return .failure(own)
        }
    }
}
