/// What must be durable before a delivery may be acknowledged.
package enum Settlement: Sendable {
    case wait(WaitingEntry)
    case bury(DeadLetter)
    /// A job with an origin is done: replays, fires and unique keys ask for its outcome.
    case record(JobID, origin: String)
}

extension Store {
    /// Writes a batch in one transaction. Safe to repeat: after an unknown commit the same batch gives the same rows.
    package func settle(_ batch: [Settlement]) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in try session.settle(batch) }
    }
}

extension SQLSession {
    fileprivate func settle(_ batch: [Settlement]) throws(StoreError) {
        var entries: [WaitingEntry] = []
        var letters: [DeadLetter] = []
        var replayed: [SQLParameters] = []
        for settlement in batch {
            switch settlement {
            case .wait(let entry): entries.append(entry)
            case .bury(let letter): letters.append(letter)
            case .record(let id, let origin):
                guard origin.hasPrefix("replay:") else { continue }
                replayed.append(["id": .id(id), "operation": .text(String(origin.dropFirst("replay:".count)))])
            }
        }
        if !entries.isEmpty { _ = try wait(entries) }
        try bury(letters)
        if !replayed.isEmpty {
            try executeBatch(
                """
                update dead_letters set state = 'replayed'
                where job_id = :id and operation_id = :operation and state = 'replaying'
                """,
                replayed
            )
        }
    }
}
