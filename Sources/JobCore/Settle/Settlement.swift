/// What must be durable before a delivery may be acknowledged.
package indirect enum Settlement: Sendable {
    case wait(WaitingEntry)
    case bury(DeadLetter)
    /// A job with an origin is done: replays, fires and unique keys ask for its outcome.
    case record(JobID, origin: String, ending: Ending, runTime: Duration)
    /// Attempts that have ended and could not be acknowledged.
    case done([AttemptKey], worker: String)
    /// A deduplicating job is done: it is not run again, also when it comes twice.
    case finish(JobID)
    /// A job that has kept checkpoints has ended.
    case forget(JobID)
    /// A suspect's run alone has ended: the start marks that made it one blame nobody any more.
    case clear(AttemptKey)
    /// A job that held places of limits has ended its attempt.
    case free(JobID)
    /// What a run leaves: nothing of it is written when another process has taken the job over.
    case ended(RunToken, with: [Settlement])
}

extension Settlement {
    package enum Ending: String, Sendable {
        case done
        /// It was asked to end, and did.
        case cancelled
    }

    /// The letter in it, which is never lost for strange bytes.
    var letter: DeadLetter? {
        switch self {
        case .bury(let letter): letter
        case .ended(_, let inner): inner.lazy.compactMap(\.letter).first
        case .wait, .record, .done, .finish, .forget, .clear, .free: nil
        }
    }

    func replacing(letter: DeadLetter) -> Settlement {
        guard case .ended(let token, let inner) = self else { return .bury(letter) }
        return .ended(token, with: inner.map { $0.letter == nil ? $0 : .bury(letter) })
    }
}

extension Settlement {
    fileprivate var token: RunToken? {
        if case .ended(let token, _) = self { token } else { nil }
    }
}

extension Store {
    /// Writes a batch in one transaction. Safe to repeat: after an unknown commit the same batch gives the same rows.
    /// - Returns: the runs of which nothing was written, since another process has taken them over.
    @discardableResult
    package func settle(_ batch: [Settlement]) async throws(StoreError) -> Set<RunToken> {
        try await driver.write { session throws(StoreError) in
            let superseded = try session.superseded(among: batch.compactMap(\.token))
            var sorted = SortedSettlements()
            for settlement in batch where settlement.token.map({ !superseded.contains($0) }) ?? true {
                sorted.add(settlement)
            }
            try session.write(sorted)
            return superseded
        }
    }
}

/// A batch by the tables it goes to.
private struct SortedSettlements {
    var entries: [WaitingEntry] = []
    var letters: [DeadLetter] = []
    var replayed: [SQLParameters] = []
    var fires: [SQLParameters] = []
    var done: [String: [AttemptKey]] = [:]
    var finished: [JobID] = []
    var forgotten: [JobID] = []
    var cleared: [AttemptKey] = []
    /// Unique jobs that have ended.
    var freed: [JobID] = []
    /// Jobs whose places in limits are free again.
    var placesFreed: [JobID] = []

    mutating func add(_ settlement: Settlement) {
        switch settlement {
        case .wait(let entry): entries.append(entry)
        case .bury(let letter): letters.append(letter)
        case .record(let id, let origin, let ending, let runTime):
            if origin.hasPrefix("schedule:") {
                fires.append([
                    "id": .id(id), "state": .text(ending.rawValue), "run": .int(runTime.milliseconds),
                ])
            } else if origin.hasPrefix(Envelope.uniqueOrigin) {
                freed.append(id)
            } else if origin.hasPrefix("replay:"), ending == .done {
                replayed.append(["id": .id(id), "operation": .text(String(origin.dropFirst("replay:".count)))])
            }
        case .done(let keys, let worker): done[worker, default: []] += keys
        case .finish(let id): finished.append(id)
        case .forget(let id): forgotten.append(id)
        case .clear(let key): cleared.append(key)
        case .free(let id): placesFreed.append(id)
        case .ended(_, let inner): for settlement in inner { add(settlement) }
        }
    }
}

extension SQLSession {
    fileprivate func write(_ batch: SortedSettlements) throws(StoreError) {
        if !batch.entries.isEmpty { _ = try wait(batch.entries) }
        try bury(batch.letters)
        if !batch.replayed.isEmpty {
            try executeBatch(
                """
                update dead_letters set state = 'replayed'
                where job_id = :id and \(dialect.unindexed("operation_id")) = :operation
                    and \(dialect.unindexed("state")) = 'replaying'
                """,
                batch.replayed
            )
        }
        try conclude(fires: batch.fires)
        try freeUnique(ownedBy: batch.freed)
        for (worker, keys) in batch.done { try markDone(keys, worker: worker) }
        try finish(batch.finished)
        if !batch.forgotten.isEmpty { try forgetCheckpoints(of: batch.forgotten) }
        try endStarts(of: batch.cleared)
        try freeSlots(of: batch.placesFreed)
    }
}
