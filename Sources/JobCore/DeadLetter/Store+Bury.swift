extension Store {
    /// Stores letters; the same transaction deletes their waiting rows. A death that is already stored is left alone,
    /// and so is a waiting row that came after it: that one is a replay.
    package func bury(_ letters: [DeadLetter]) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in try session.bury(letters) }
    }
}

extension SQLSession {
    package func bury(_ letters: [DeadLetter]) throws(StoreError) {
        guard !letters.isEmpty else { return }
        let stored = try executeBatch(
            """
            insert into dead_letters (job_id, death_id, job, queue, lane, payload, headers, attempts, error_type,
                error_message, fingerprint, build, worker, enqueued_at, failed_at, state, body_length, body_sha256)
            values (:job_id, :death_id, :job, :queue, :lane, :payload, :headers, :attempts, :error_type,
                :error_message, :fingerprint, :build, :worker, :enqueued_at, (select now_ms()), 'open', :body_length,
                :body_sha256)
            on conflict (job_id, death_id) do nothing
            """,
            letters.map(\.parameters)
        )
        let fresh = zip(letters, stored).filter { $0.1 > 0 }.map(\.0)
        try executeBatch("delete from waiting where id = :id", fresh.map { ["id": .id($0.jobID)] })
        try concludeReplays(of: fresh)
        try bury(fires: fresh)
        let isUnique = { (letter: DeadLetter) in
            letter.headers[HeaderName.origin]?.string?.hasPrefix(Envelope.uniqueOrigin) ?? false
        }
        try freeUnique(ownedBy: fresh.filter(isUnique).map(\.jobID))
    }

    /// A replayed job that died again has a letter of its own now; the one it came from is no longer under way.
    private func concludeReplays(of letters: [DeadLetter]) throws(StoreError) {
        let replayed = letters.compactMap { letter -> SQLParameters? in
            guard let operation = letter.headers[HeaderName.replayOperation]?.string else { return nil }
            return ["id": .id(letter.jobID), "operation": .text(operation)]
        }
        guard !replayed.isEmpty else { return }
        try executeBatch(
            """
            update dead_letters set state = 'replayed'
            where job_id = :id and \(dialect.unindexed("operation_id")) = :operation
                and \(dialect.unindexed("state")) = 'replaying'
            """,
            replayed
        )
    }
}

extension DeadLetter {
    var parameters: SQLParameters {
        [
            "job_id": .id(jobID), "death_id": .scrubbed(deathID, maximumBytes: 256),
            "job": .scrubbed(job, maximumBytes: 256), "queue": .scrubbed(address.queue, maximumBytes: 256),
            "lane": .text(address.lane.rawValue), "payload": .payload(payload, of: jobID),
            "headers": .bytes(HeadersCoding.encode(headers)), "attempts": .int(attempts),
            "error_type": .scrubbed(failure.label, maximumBytes: 128), "error_message": .scrubbed(failure.message),
            "fingerprint": .text(Fingerprint.of(job: job, failure: failure)),
            "build": .scrubbed(build, maximumBytes: 128), "worker": .scrubbed(worker, maximumBytes: 128),
            "enqueued_at": .instant(enqueuedAt), "body_length": .int(oversize?.length ?? Int64(payload.count)),
            "body_sha256": .text(oversize?.sha256),
        ]
    }
}

extension Store {
    /// Keeps messages that a person takes out of a queue, as purged letters: `operation undo` lets them wait again. Nothing else
    /// that the store knows of their jobs changes, but for unique keys, which are free.
    package func keepPurged(_ letters: [DeadLetter], _ operation: Operation) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            try session.executeBatch(
                """
                insert into dead_letters (job_id, death_id, job, queue, lane, payload, headers, attempts, error_type,
                    error_message, fingerprint, build, worker, enqueued_at, failed_at, state, operation_id, body_length,
                    body_sha256)
                values (:job_id, :death_id, :job, :queue, :lane, :payload, :headers, :attempts, :error_type,
                    :error_message, :fingerprint, :build, :worker, :enqueued_at, (select now_ms()), 'purged', :operation,
                    :body_length, :body_sha256)
                on conflict (job_id, death_id) do nothing
                """,
                letters.map { letter in
                    var parameters = letter.parameters
                    parameters["operation"] = .text(operation.id)
                    return parameters
                }
            )
            try session.freeUnique(ownedBy: letters.map(\.jobID))
            try session.write(operation)
        }
    }
}
