/// What an operator has stopped.
package struct QueueControl: Sendable, Equatable {
    package enum Scope: String, Sendable {
        /// Not fetched: its jobs stay in the queue.
        case queue
        /// Its jobs are put aside, to `waiting`, and its queue goes on with the others.
        case jobType = "job_type"
    }

    package let scope: Scope
    package let name: String
    /// Nil until somebody resumes it.
    package let until: Timestamp?
    package let reason: String?
    package let actor: String
    package let operationID: String
    package let at: Timestamp

    /// For people.
    package var text: String { "paused by \(actor)" + (reason.map { ": \($0)" } ?? "") }
}

extension Store {
    /// Those that are in force now.
    package func controls() async throws(StoreError) -> [QueueControl] {
        try await driver.read { session throws(StoreError) in try session.controls() }
    }

    /// Stops a queue or a job type until `resume`, or for a time. Pausing again changes the time and the reason.
    package func pause(
        _ scope: QueueControl.Scope,
        _ name: String,
        for duration: Duration?,
        _ operation: Operation
    ) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            try session.execute(
                """
                insert into queue_controls (scope, name, until_at, reason, actor, operation_id, at_ms)
                values (:scope, :name, (select now_ms()) + cast(:lasting as bigint), :reason, :actor, :operation,
                    (select now_ms()))
                on conflict (scope, name) do update set until_at = excluded.until_at, reason = excluded.reason,
                    actor = excluded.actor, operation_id = excluded.operation_id, at_ms = excluded.at_ms
                """,
                [
                    "scope": .text(scope.rawValue), "name": .text(name),
                    "lasting": duration.map { .int($0.milliseconds) } ?? .null,
                    "reason": operation.reason.map { .scrubbed($0, maximumBytes: 512) } ?? .null,
                    "actor": .scrubbed(operation.actor, maximumBytes: 256), "operation": .text(operation.id),
                ]
            )
            try session.write(operation)
        }
    }

    /// Lets a queue or a job type go on. What was put aside of a type is due at once.
    /// - Returns: false when it was not paused; and how many jobs come back.
    package func resume(
        _ scope: QueueControl.Scope,
        _ name: String,
        _ operation: Operation
    ) async throws(StoreError) -> (wasPaused: Bool, released: Int) {
        let wasPaused = try await driver.write { session throws(StoreError) in
            let rows = try session.execute(
                "delete from queue_controls where scope = :scope and name = :name",
                ["scope": .text(scope.rawValue), "name": .text(name)]
            )
            try session.write(operation)
            return rows > 0
        }
        guard scope == .jobType else { return (wasPaused, 0) }
        var released = 0
        while true {
            let slice = try await driver.write { session throws(StoreError) in
                try session.releaseAside(job: name, limit: 500)
            }
            released += slice
            if slice < 500 { return (wasPaused, released) }
        }
    }
}

extension Failure {
    /// Begins the `last_error` of jobs that were put aside.
    static let pausedLabel = "paused"
}

extension SQLSession {
    func controls() throws(StoreError) -> [QueueControl] {
        let rows = try query(
            """
            select scope, name, until_at, reason, actor, operation_id, at_ms from queue_controls
            where until_at is null or until_at > (select now_ms()) order by scope, name
            """
        )
        var controls: [QueueControl] = []
        for row in rows {
            guard let scope = QueueControl.Scope(rawValue: try row.text("scope")) else { continue }
            controls.append(
                QueueControl(
                    scope: scope,
                    name: try row.text("name"),
                    until: try row.optionalInstant("until_at"),
                    reason: try row.optionalText("reason"),
                    actor: try row.text("actor"),
                    operationID: try row.text("operation_id"),
                    at: try row.instant("at_ms")
                )
            )
        }
        return controls
    }

    fileprivate func releaseAside(job: String, limit: Int) throws(StoreError) -> Int {
        try execute(
            """
            update waiting set due_at = (select due_ms()), last_error = null, version = version + 1
            where id in (select id from waiting where job = :job and due_at > (select due_ms())
                and last_error like '\(Failure.pausedLabel): %' limit :limit)
            """,
            ["job": .text(job), "limit": .int(limit)]
        )
    }

    /// A job that is put aside while somebody resumes its type must not miss it: the control's row is locked until the job's
    /// is written, so that whoever deletes it sees the job.
    func awakenAside(_ entries: [WaitingEntry]) throws(StoreError) {
        let aside = entries.filter { $0.lastError?.hasPrefix("\(Failure.pausedLabel): ") == true }
        guard !aside.isEmpty else { return }
        for job in Set(aside.map(\.envelope.job.rawValue)).sorted() {
            let control = try query(
                """
                select 1 as found from queue_controls where scope = 'job_type' and name = :job
                    and (until_at is null or until_at > (select now_ms())) \(dialect.lock)
                """,
                ["job": .text(job)]
            )
            guard control.isEmpty else { continue }
            try executeBatch(
                "update waiting set due_at = (select due_ms()), last_error = null where id = :id",
                aside.filter { $0.envelope.job.rawValue == job }.map { ["id": .id($0.envelope.id)] }
            )
        }
    }
}
