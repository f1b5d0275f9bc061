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
    let scope: AttemptScope
    /// When half of the attempt's time is over.
    let sliceEnd: ContinuousClock.Instant

    package init(
        id: JobID,
        job: JobName,
        attempt: Int,
        enqueuedAt: Timestamp,
        deadline: ContinuousClock.Instant,
        logger: Logger,
        client: JobClient,
        store: Store,
        scope: AttemptScope = AttemptScope()
    ) {
        self.id = id
        self.job = job
        self.attempt = attempt
        self.enqueuedAt = enqueuedAt
        self.deadline = deadline
        poolLogger = logger
        self.client = client
        self.store = store
        self.scope = scope
        let now = ContinuousClock.now
        sliceEnd = now.advanced(by: max(.zero, now.duration(to: deadline)) / 2)
    }

    init(
        _ envelope: Envelope,
        deadline: ContinuousClock.Instant,
        logger: Logger,
        client: JobClient,
        store: Store,
        scope: AttemptScope
    ) {
        self.init(
            id: envelope.id,
            job: envelope.job,
            attempt: envelope.attempt,
            enqueuedAt: envelope.enqueuedAt,
            deadline: deadline,
            logger: logger,
            client: client,
            store: store,
            scope: scope
        )
    }

    /// True once the deadline has passed or the process drains: stop at the next safe point and throw.
    public var isCancelled: Bool { Task.isCancelled }

    /// The same text for every attempt of this job and step: for a provider's `Idempotency-Key`.
    public func idempotencyKey(_ step: String) -> String {
        "\(id)-\(step)"
    }

    /// The attempt's W3C trace context, for requests that the worker sends; nil when the job came without one and nothing is
    /// traced.
    public var traceparent: String? { scope.traceparent }

    /// Enqueues a job from within this one, with the same promise as any enqueue, as part of the same trace.
    @discardableResult
    public func enqueue<J: Job>(_ job: J, _ options: EnqueueOption...) async throws(EnqueueError) -> Enqueued {
        let isTraced = options.contains { if case .traceparent = $0 { true } else { false } }
        let parent = isTraced ? [] : traceparent.map { [EnqueueOption.traceparent($0)] } ?? []
        return try await client.enqueue(job, options: options + parent)
    }

    /// Many of a type at once, each with its own options; result *i* belongs to job *i*.
    public func enqueue<J: Job>(
        all jobs: [(job: J, options: [EnqueueOption])]
    ) async throws -> [Result<Enqueued, EnqueueError>] {
        let parent = traceparent.map { [EnqueueOption.traceparent($0)] } ?? []
        let requests = try jobs.map { job, options in
            EnqueueRequest(
                job: J.name,
                version: J.version,
                payload: try PayloadCoding.encode(job),
                options: options + parent
            )
        }
        return await client.enqueue(requests)
    }
}
