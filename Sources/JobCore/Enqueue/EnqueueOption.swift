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
    /// Runs once no other job of the type has asked with this key for `wait`, with the payload of the newest; the others are
    /// coalesced into it. `max`: this long after the first one at the latest; nil lets a stream that never pauses wait on.
    /// `leading`: the first one after a quiet time runs at once, and what follows is debounced.
    case debounce(String, Duration, max: Duration? = nil, leading: Bool = false)
    /// Runs at once, and then at most once an interval, each time with the newest payload; nothing is dropped.
    case throttle(String, every: Duration)
    /// Does not run while another job of the type has this key, which it has until `mode` frees it, or for `lasting` (24 h
    /// if nil), whichever comes first; with `window` always for `lasting`.
    case unique(String, UniqueMode = .untilDone, lasting: Duration? = nil)
    /// Trace context to carry to the worker (W3C `traceparent`).
    case traceparent(String)
}

extension EnqueueOption {
    /// Of these a job has one at most.
    package var isAdmission: Bool {
        switch self {
        case .debounce, .throttle, .unique: true
        case .delay, .lane, .expires, .id, .traceparent: false
        }
    }
}
