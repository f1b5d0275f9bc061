/// How a job is enqueued, beside its payload.
public enum EnqueueOption: Sendable, Equatable {
    /// Not before this long from now, by the store's clock.
    case delay(Duration)
    /// Another lane than the type's own.
    case lane(Lane)
    /// Not worth running after this long from now: it becomes a dead letter `expired`.
    case expires(Duration)
    /// A caller's own id, to enqueue again with after an `unconfirmed`: should both arrive, both carry it.
    case id(JobID)
    /// Trace context to carry to the worker (W3C `traceparent`).
    case traceparent(String)
}
