/// What taking an operation back came to.
package struct UndoResult: Sendable, Equatable {
    /// Letters open again, jobs that wait again, or controls that are gone.
    package var undone = 0
    /// What has gone on since and stays: replayed jobs that are on their way, letters that were replayed after a purge.
    package var kept = 0

    package init(undone: Int = 0, kept: Int = 0) {
        (self.undone, self.kept) = (undone, kept)
    }
}

package enum UndoRefusal: Error, Sendable, Equatable {
    case unknown
    /// This kind leaves nothing that could be taken back.
    case impossible(kind: String)
    case alreadyUndone(by: String)
}

extension Store {
    /// Kinds that can be taken back.
    package static let undoableKinds = [
        "dead.purge", "dead.drain", "dead.edit", "dead.replay", "waiting.cancel", "queue.purge", "queue.drain",
        "queue.pause", "job_type.pause",
    ]

    /// Takes an operation back as far as nothing has gone on since. In slices of 500; what was interrupted is repeated.
    package func undo(
        _ id: String,
        actor: String,
        reason: String?
    ) async throws -> (result: UndoResult, operation: Operation) {
        guard let record = try await operation(id) else { throw UndoRefusal.unknown }
        guard Store.undoableKinds.contains(record.kind) else { throw UndoRefusal.impossible(kind: record.kind) }
        if let undo = record.undoneBy { throw UndoRefusal.alreadyUndone(by: undo) }
        var result = UndoResult()
        switch record.kind {
        case "dead.purge", "dead.drain":
            result = try await slices { session throws(StoreError) in try session.reopen(by: id) }
        case "dead.edit":
            result = try await slices { session throws(StoreError) in try session.restoreOriginals(of: id) }
        case "dead.replay": result = try await slices { session throws(StoreError) in try session.takeBackReplay(id) }
        case "waiting.cancel", "queue.purge", "queue.drain":
            result = try await slices { session throws(StoreError) in try session.restoreCancelled(by: id) }
        case "queue.pause", "job_type.pause": result = try await undoPause(record, actor: actor)
        default: break
        }
        let operation = Operation(
            kind: "operation.undo",
            subject: id,
            actor: actor,
            reason: reason,
            detail: ["kind": .text(record.kind), "undone": .int(result.undone), "kept": .int(result.kept)]
        )
        try await self.record(operation)
        return (result, operation)
    }

    private func slices(
        _ slice: @escaping @Sendable (any SQLSession) throws(StoreError) -> UndoResult
    ) async throws(StoreError) -> UndoResult {
        var sum = UndoResult()
        while true {
            let result = try await driver.write { session throws(StoreError) in try slice(session) }
            sum.undone += result.undone
            sum.kept = result.kept
            if result.undone == 0 { return sum }
        }
    }

    private func undoPause(_ record: OperationRecord, actor: String) async throws(StoreError) -> UndoResult {
        let scope: QueueControl.Scope = record.kind == "queue.pause" ? .queue : .jobType
        let control = try await controls().first { $0.scope == scope && $0.name == record.subject }
        // A later pause of the same name is somebody else's.
        guard control?.operationID == record.id else { return UndoResult(undone: 0, kept: control == nil ? 0 : 1) }
        let operation = Operation(kind: "\(scope.rawValue).resume", subject: record.subject, actor: actor)
        let resumed = try await resume(scope, record.subject, operation)
        return UndoResult(undone: resumed.wasPaused ? 1 : 0)
    }
}

extension SQLSession {
    fileprivate func reopen(by id: String) throws(StoreError) -> UndoResult {
        let rows = try execute(
            """
            update dead_letters set state = 'open', operation_id = null where letter_id in (
                select letter_id from dead_letters where operation_id = :id and state in ('purged', 'drained') limit 500)
            """,
            ["id": .text(id)]
        )
        return UndoResult(undone: rows)
    }

    /// Its driver takes no further step, and what still waits becomes letters again.
    fileprivate func takeBackReplay(_ id: String) throws(StoreError) -> UndoResult {
        _ = try turnReplay(id, from: .running, to: .stopped) { $0.stoppedBecause = "taken back" }
        let gone = try takeBack(id)
        let left = try query(
            "select count(*) as n from dead_letters where operation_id = :id and state in ('replaying', 'replayed')",
            ["id": .text(id)]
        )
        return UndoResult(undone: gone.count, kept: Int(try left[0].int("n")))
    }

    /// What was cancelled is kept as a purged letter, which says when it was due; what was taken out of a queue is due at once.
    fileprivate func restoreCancelled(by id: String) throws(StoreError) -> UndoResult {
        let rows = try query(
            """
            select letter_id, job_id, headers from dead_letters
            where operation_id = :id and state = 'purged' and coalesce(body_sha256, '') <> '\(Store.erasedMark)'
                and error_type in ('\(Failure.cancelledLabel)', '\(Failure.purgedLabel)') limit 500
            """,
            ["id": .text(id)]
        )
        var restored = 0
        for row in rows {
            let headers = HeadersCoding.decode(try row.bytes("headers"))
            let due = headers[HeaderName.wasDue]?.integer.map { Int64($0) }
            let parameters: SQLParameters = [
                "letter": .int(try row.int("letter_id")), "due": due.map { .int($0) } ?? .null,
                "headers": .bytes(HeadersCoding.encode(headers.filter { $0.key != HeaderName.wasDue })),
                "expires_at": headers[HeaderName.expiresAt]?.integer.map { .int($0) } ?? .null,
            ]
            restored += try execute(
                """
                insert into waiting (id, version, job, queue, lane, payload, headers, attempt, due_at, reason,
                    enqueued_at, expires_at, first_at)
                select job_id, 1, job, queue, lane, payload, :headers, attempts,
                    coalesce(cast(:due as bigint), (select due_ms())), 'delay', enqueued_at,
                    cast(:expires_at as bigint), (select now_ms())
                from dead_letters where letter_id = :letter
                on conflict (id) do nothing
                """,
                parameters
            )
            try execute(
                "delete from dead_letters where letter_id = :letter",
                ["letter": .int(try row.int("letter_id"))]
            )
        }
        return UndoResult(undone: rows.count, kept: rows.count - restored)
    }
}

extension Failure {
    /// Of letters that a person made by cancelling waiting jobs.
    static let cancelledLabel = "cancelled"
    /// Of those that a person made by purging a queue.
    package static let purgedLabel = "queue_purged"
}
