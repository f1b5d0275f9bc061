/// What an import came to.
package struct ImportProgress: Sendable, Equatable {
    /// Letters that were not in the store.
    package var imported = 0
    /// Letters that were there, drained or purged, and are open again.
    package var restored = 0
    /// Letters that are open, or that have gone on since.
    package var known = 0

    package init() {}
}

extension Store {
    /// Takes open letters out of every list, after they were written to a file that is on the disk.
    /// - Returns: how many; the others were replayed or purged meanwhile.
    package func markDrained(_ letters: [Int64], _ operation: Operation) async throws(StoreError) -> Int {
        try await change(letters, operation, counted: "drained") { session, slice throws(StoreError) in
            let counts = try session.executeBatch(
                """
                update dead_letters set state = 'drained', operation_id = :operation
                where letter_id = :letter and state = 'open'
                """,
                slice.map { ["operation": .text(operation.id), "letter": .int($0)] }
            )
            return counts.reduce(0, +)
        }
    }

    /// Letters that an operation holds, with their bodies, oldest first, at most 100.
    package func letters(of operation: String, after cursor: Int64) async throws(StoreError) -> [LetterRecord] {
        try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                """
                select \(LetterRecord.columns(withPayload: true)) from dead_letters
                where operation_id = :operation and letter_id > :cursor order by letter_id limit 100
                """,
                ["operation": .text(operation), "cursor": .int(cursor)]
            )
            return try rows.map { row throws(StoreError) in try LetterRecord(row: row, withPayload: true) }
        }
    }

    /// Jobs of a file wait again, due at once. Their letters stay as `replayed`: the same line never does it twice.
    /// - Returns: how many were not known.
    package func letWait(_ letters: [ArchivedLetter], _ operation: Operation) async throws(StoreError) -> Int {
        try await driver.write { session throws(StoreError) in
            let fresh = try session.executeBatch(
                """
                insert into dead_letters (job_id, death_id, job, queue, lane, payload, headers, attempts, error_type,
                    error_message, fingerprint, build, worker, enqueued_at, failed_at, state, operation_id, body_length,
                    body_sha256)
                values (:job_id, :death_id, :job, :queue, :lane, :payload, :headers, :attempts, :error_type,
                    :error_message, :fingerprint, :build, :worker, :enqueued_at, :failed_at, 'replayed', :operation,
                    :body_length, :body_sha256)
                on conflict (job_id, death_id) do update set state = 'replayed', operation_id = excluded.operation_id
                where dead_letters.state = 'purged'
                """,
                letters.map { letter in
                    var parameters = letter.parameters
                    parameters["operation"] = .text(operation.id)
                    return parameters
                }
            )
            let waiting = try session.executeBatch(
                """
                insert into waiting (id, version, job, queue, lane, payload, headers, attempt, due_at, reason,
                    enqueued_at, expires_at, first_at)
                values (:job_id, 1, :job, :queue, :lane, :payload, :headers, :attempts, (select due_ms()), 'delay',
                    :enqueued_at, cast(:expires_at as bigint), (select now_ms()))
                on conflict (id) do nothing
                """,
                zip(letters, fresh).filter { $0.1 == 1 }.map { letter, _ in
                    let all = letter.parameters
                    var parameters: SQLParameters = [:]
                    for name in ["job_id", "job", "queue", "lane", "payload", "headers", "attempts", "enqueued_at"] {
                        parameters[name] = all[name]
                    }
                    let expiry = letter.headers[HeaderName.expiresAt]?.integer.map { Int64($0) }
                    parameters["expires_at"] = expiry.map { .int($0) } ?? .null
                    return parameters
                }
            )
            try session.write(operation)
            return waiting.reduce(0, +)
        }
    }

    /// Brings letters back from a file, with their ids. One that is there already, drained or purged, opens again; one that is
    /// open, or has gone on since, is left alone.
    package func importLetters(
        _ letters: [ArchivedLetter],
        _ operation: Operation
    ) async throws(StoreError) -> ImportProgress {
        try await driver.write { session throws(StoreError) in
            var progress = ImportProgress()
            let inserted = try session.executeBatch(
                """
                insert into dead_letters (job_id, death_id, job, queue, lane, payload, headers, attempts, error_type,
                    error_message, fingerprint, build, worker, enqueued_at, failed_at, state, body_length, body_sha256)
                values (:job_id, :death_id, :job, :queue, :lane, :payload, :headers, :attempts, :error_type,
                    :error_message, :fingerprint, :build, :worker, :enqueued_at, :failed_at, 'open', :body_length,
                    :body_sha256)
                on conflict (job_id, death_id) do nothing
                """,
                letters.map(\.parameters)
            )
            let present = zip(letters, inserted).filter { $0.1 == 0 }.map(\.0.parameters)
            let restored = try session.executeBatch(
                """
                update dead_letters set state = 'open', operation_id = null
                where job_id = :job_id and death_id = :death_id
                    and \(session.dialect.unindexed("state")) in ('drained', 'purged')
                """,
                present.map { ["job_id": $0["job_id"] ?? .null, "death_id": $0["death_id"] ?? .null] }
            )
            progress.imported = inserted.reduce(0, +)
            progress.restored = restored.reduce(0, +)
            progress.known = letters.count - progress.imported - progress.restored
            try session.write(operation)
            return progress
        }
    }
}
