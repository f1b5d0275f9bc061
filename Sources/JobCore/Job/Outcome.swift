/// What a worker says about an attempt that did not throw.
public enum Outcome: Sendable, Equatable {
    /// The effect is durable; the message can go.
    case done

    /// Try again after this delay (policy's delay when nil); burns an attempt.
    case retry(after: Duration?)

    /// Come back at this instant; burns no attempt.
    case snooze(until: Timestamp)

    /// A dependency declared by the queue is down: its queues stop fetching, this job returns without an attempt burned.
    case park(String)

    /// Never try again: the job becomes a dead letter with this reason.
    case dead(String)
}
