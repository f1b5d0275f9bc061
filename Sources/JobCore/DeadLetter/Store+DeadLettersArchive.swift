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
                where job_id = :job_id and death_id = :death_id and state in ('drained', 'purged')
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
