/// Performs jobs of one type. Built once per process by the closure given at registration; called concurrently.
public protocol Worker<Work>: Sendable {
    associatedtype Work: Job

    /// Runs one attempt. The task is cancelled at the deadline and, while the process drains, at the end of the grace
    /// period. A thrown error means retry by policy, unless it is a `JobError`, which says what shall happen.
    ///
    /// The job may run again after a crash at any point: effects inside `context.transaction` and calls that carry
    /// `context.idempotencyKey(_:)` are the ones that can be made to count once.
    func perform(_ job: Work, _ context: JobContext) async throws -> Outcome
}
