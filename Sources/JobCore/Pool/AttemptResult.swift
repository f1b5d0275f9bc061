/// How an attempt ended, before any policy is asked.
package enum AttemptResult: Sendable {
    case returned(Outcome)
    case threw(any Error)
    /// Cancelled at its deadline, and it did not finish its work.
    case timedOut(Duration)
    /// Its process died while it ran alone: nobody else can have done it.
    case died(String)
    /// Its process was ended while it ran alone, by somebody else: says nothing about the job.
    case killed(String)
    /// Cancelled because the process drains: goes back uncharged.
    case interrupted
    /// Cancelled because somebody wants it to end, such as a later fire of its schedule.
    case withdrawn
    /// Never performed: its bytes are no job.
    case malformed(Malformed)
    /// Never performed: this build does not know the name, or only an older version.
    case unknown(String)
    /// Never performed: past `x-job-expires-at`, or what its type allows.
    case expired
    /// The same, of a type that wants no letter of it.
    case shed
    /// Never performed: an operator has stopped its type.
    case paused(QueueControl)
    /// Never performed: a limit makes it wait.
    case limited(Due, reserved: [String])
    /// Never performed: asked for a delay when it was published.
    case delayed(Duration)
    /// Never performed: asked to be one of many, or the only one, when it was published.
    case asked(Admission, delay: Duration)
}
