/// What the store remembers of a job.
package enum Trace: Sendable, Equatable {
    /// A row of `waiting`. Claimed: a promoter publishes it just now, or died doing so.
    case waiting(attempt: Int, isClaimed: Bool)
    /// A letter that an attempt of this run left.
    case dead(run: String, attempt: Int)
    /// The attempt had its effect, or was settled, and could not be acknowledged.
    case done(AttemptKey)
    /// The attempt was begun by this process and not brought to an end.
    case started(AttemptKey, LastSign)
}

/// What was last heard of a process.
package struct LastSign: Sendable, Equatable {
    /// Its id in marks and in the table `workers`.
    package let worker: String
    package let host: String?
    package let pid: Int?
    /// Since its last heartbeat, or since its mark when it has never beaten.
    package let silence: Duration
    package let saidGoodbye: Bool
}

/// Tells of a process whether it is dead for sure.
package protocol DeathWitness: Sendable {
    /// False for a process that lives and for one of which nothing is known. Called on a thread that may block, but
    /// inside a transaction: it answers within microseconds.
    func isKnownDead(_ sign: LastSign) -> Bool
}

/// What to do with a job that comes back.
package enum Redelivery: Sendable, Equatable {
    /// It is over, or lives on in `waiting`: acknowledge without running.
    case finished
    case run
    /// It was running when a process died: run it alone, where its death would harm and blame nobody else.
    case runAlone
}

extension Redelivery {
    /// The one decision.
    ///
    /// A waiting row of the same attempt counts only while nobody claims it: a promoter that has just published this
    /// very message deletes its row next, and acknowledging would leave the job nowhere. A later attempt's row has gone
    /// beyond this message, claimed or not.
    package static func of(_ key: AttemptKey, _ traces: [Trace], witness: some DeathWitness) -> Redelivery {
        var isSuspect = false
        for trace in traces {
            switch trace {
            case .waiting(let attempt, let isClaimed):
                if attempt > key.attempt || (attempt == key.attempt && !isClaimed) { return .finished }
            case .dead(let run, let attempt):
                if run == key.run, attempt >= key.attempt { return .finished }
            case .done(let over):
                if key.isOver(with: over) { return .finished }
            case .started(let begun, let sign):
                if begun == key, witness.isKnownDead(sign) { isSuspect = true }
            }
        }
        return isSuspect ? .runAlone : .run
    }
}
