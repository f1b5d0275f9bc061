/// What must be durable before a delivery may be acknowledged.
package indirect enum Settlement: Sendable {
    case wait(WaitingEntry)
    case bury(DeadLetter)
    /// A job with an origin is done: replays, fires and unique keys ask for its outcome.
    case record(JobID, origin: String)
    /// Attempts that have ended and could not be acknowledged.
    case done([AttemptKey], worker: String)
    /// An attempt that was marked as begun has ended: in the same transaction its marks go.
    case ended(AttemptKey, with: Settlement?)
}

extension Settlement {
    /// The letter in it, which is never lost for strange bytes.
    var letter: DeadLetter? {
        switch self {
        case .bury(let letter): letter
        case .ended(_, let inner): inner?.letter
        case .wait, .record, .done: nil
        }
    }

    func replacing(letter: DeadLetter) -> Settlement {
        if case .ended(let key, _) = self { .ended(key, with: .bury(letter)) } else { .bury(letter) }
    }
}

extension Store {
    /// Writes a batch in one transaction. Safe to repeat: after an unknown commit the same batch gives the same rows.
    package func settle(_ batch: [Settlement]) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            var sorted = SortedSettlements()
            for settlement in batch { sorted.add(settlement) }
            try session.write(sorted)
        }
    }
}

/// A batch by the tables it goes to.
private struct SortedSettlements {
    var entries: [WaitingEntry] = []
    var letters: [DeadLetter] = []
    var replayed: [SQLParameters] = []
    var done: [String: [AttemptKey]] = [:]
    var ended: [AttemptKey] = []

    mutating func add(_ settlement: Settlement) {
        switch settlement {
        case .wait(let entry): entries.append(entry)
        case .bury(let letter): letters.append(letter)
        case .record(let id, let origin):
            guard origin.hasPrefix("replay:") else { return }
            replayed.append(["id": .id(id), "operation": .text(String(origin.dropFirst("replay:".count)))])
        case .done(let keys, let worker): done[worker, default: []] += keys
        case .ended(let key, let inner):
            ended.append(key)
            if let inner { add(inner) }
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
                where job_id = :id and operation_id = :operation and state = 'replaying'
                """,
                batch.replayed
            )
        }
        for (worker, keys) in batch.done { try markDone(keys, worker: worker) }
        try clearStarts(batch.ended)
    }
}
