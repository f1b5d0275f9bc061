/// What a client does with jobs that the broker does not take now.
public enum EnqueuePolicy: Sendable, Equatable {
    /// A typed error at once, with a suggested wait. The default.
    case failFast
    /// The client tries again by itself for so long, counted from the call: only jobs that certainly were not taken (queue
    /// full, broker blocked or away), never `unconfirmed` ones. They are held in memory meanwhile, a bounded number of
    /// them, and a crash of the process loses them: nothing is durable before the call returns.
    case wait(upTo: Duration)
}
