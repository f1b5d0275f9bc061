/// Something that happened to a job, as far as the store knows.
package struct JobEvent: Sendable, Equatable {
    package let at: Timestamp
    /// `enqueued`, `waits`, `died`, `started`, `done`, `fired`, `changed`.
    package let what: String
    /// For people; labels and names, never a payload.
    package let detail: String
    /// Still to come, or going on.
    package let isPending: Bool

    package init(_ at: Timestamp, _ what: String, _ detail: String, isPending: Bool = false) {
        (self.at, self.what, self.detail, self.isPending) = (at, what, detail, isPending)
    }
}

/// One job's life in the order of time.
package struct JobTimeline: Sendable, Equatable {
    package let id: JobID
    package let job: String?
    package let whereabouts: Whereabouts?
    package let events: [JobEvent]
}

extension Store {
    /// What every table has of a job.
    package func timeline(of id: JobID) async throws(StoreError) -> JobTimeline {
        let whereabouts = try await whereabouts(of: id)
        let running = try await workers().filter { $0.state != .gone }
        return try await driver.read { session throws(StoreError) in
            var found = Findings()
            try session.addWaiting(id, &found)
            try session.addLetters(id, &found)
            try session.addMarks(id, &found)
            try session.addFire(id, &found)
            try session.addUniqueKey(id, &found)
            for worker in running {
                guard let entry = worker.running.first(where: { $0.id == id.description }) else { continue }
                let began = try session.now().advanced(by: .seconds(-entry.ageSeconds))
                let progress = entry.progress.map { ", \(Int($0 * 100)) % done" } ?? ""
                found.add(began, "started", "runs in \(worker.host) pid \(worker.pid)\(progress)", isPending: true)
                found.job = found.job ?? entry.job
            }
            try session.addOperations(id, found.operations, &found)
            if let born = found.born { found.add(born, "enqueued", found.job ?? "") }
            return JobTimeline(
                id: id,
                job: found.job,
                whereabouts: whereabouts,
                // What it waits for comes last, also when that is over already.
                events: found.events.sorted {
                    ($0.what == "waits" ? 1 : 0, $0.at) < ($1.what == "waits" ? 1 : 0, $1.at)
                }
            )
        }
    }
}

private struct Findings {
    var job: String?
    var born: Timestamp?
    var events: [JobEvent] = []
    var operations: Set<String> = []

    mutating func add(_ at: Timestamp, _ what: String, _ detail: String, isPending: Bool = false) {
        events.append(JobEvent(at, what, detail, isPending: isPending))
    }
}

extension SQLSession {
    fileprivate func addWaiting(_ id: JobID, _ found: inout Findings) throws(StoreError) {
        let rows = try query(
            """
            select job, queue, lane, attempt, due_at, reason, enqueued_at, last_error, operation_id, claimed_by
            from waiting where id = :id
            """,
            ["id": .id(id)]
        )
        for row in rows {
            found.job = try row.text("job")
            found.born = try row.instant("enqueued_at")
            var text = "\(try row.text("reason")), attempt \(try row.int("attempt")), for \(try row.address().name)"
            if let error = try row.optionalText("last_error") { text += ": \(error)" }
            if try row.optionalText("claimed_by") != nil { text += " (being published)" }
            found.add(try row.instant("due_at"), "waits", text, isPending: true)
            if let operation = try row.optionalText("operation_id") { found.operations.insert(operation) }
        }
    }

    fileprivate func addLetters(_ id: JobID, _ found: inout Findings) throws(StoreError) {
        let rows = try query(
            """
            select job, attempts, error_type, error_message, build, enqueued_at, failed_at, state, operation_id
            from dead_letters where job_id = :id order by letter_id
            """,
            ["id": .id(id)]
        )
        for row in rows {
            found.job = try row.text("job")
            found.born = min(found.born ?? .latest, try row.instant("enqueued_at"))
            let cause = "\(try row.text("error_type")): \(try row.text("error_message"))"
            let build = try row.text("build")
            let text =
                "after \(try row.int("attempts")) attempts\(build.isEmpty ? "" : " in build \(build)"), \(cause); "
                + "the letter is \(try row.text("state"))"
            found.add(try row.instant("failed_at"), "died", text, isPending: try row.text("state") == "open")
            if let operation = try row.optionalText("operation_id") { found.operations.insert(operation) }
        }
    }

    fileprivate func addMarks(_ id: JobID, _ found: inout Findings) throws(StoreError) {
        let rows = try query(
            """
            select m.kind, m.attempt, m.at_ms, m.ended_at, m.worker, w.host, w.pid
            from marks as m left join workers as w on w.id = m.worker where m.job_id = :id
            """,
            ["id": .id(id)]
        )
        for row in rows {
            let host = try row.optionalText("host").map { " in \($0)" } ?? ""
            let pid = try row.optionalInt("pid").map { " pid \($0)" } ?? ""
            let isDone = try row.text("kind") == "done"
            let attempt = try row.int("attempt")
            let text =
                isDone
                ? "attempt \(attempt)\(host)\(pid); its acknowledgement did not reach the broker"
                : "attempt \(attempt)\(host)\(pid), after it had been handed out before"
            found.add(try row.instant("at_ms"), isDone ? "done" : "started", text)
        }
    }

    fileprivate func addFire(_ id: JobID, _ found: inout Findings) throws(StoreError) {
        let rows = try query(
            """
            select schedule, fire_at, kind, state, at_ms, finished_at, error, operation_id from schedule_fires
            where job_id = :id
            """,
            ["id": .id(id)]
        )
        for row in rows {
            let text = "\(try row.text("schedule")) for \(try row.instant("fire_at")) (\(try row.text("kind")))"
            found.add(try row.instant("at_ms"), "fired", text)
            if let end = try row.optionalInstant("finished_at") {
                let error = try row.optionalText("error").map { ": \($0)" } ?? ""
                found.add(end, try row.text("state") == "done" ? "done" : "ended", "\(try row.text("state"))\(error)")
            }
            if let operation = try row.optionalText("operation_id") { found.operations.insert(operation) }
        }
    }

    fileprivate func addUniqueKey(_ id: JobID, _ found: inout Findings) throws(StoreError) {
        let rows = try query(
            "select mode, at_ms, expires_at from unique_keys where owner = :id",
            ["id": .id(id)]
        )
        for row in rows {
            let text =
                "holds a unique key (\(try row.text("mode"))) until \(try row.instant("expires_at")) at the latest"
            found.add(try row.instant("at_ms"), "holds", text)
        }
    }

    fileprivate func addOperations(
        _ id: JobID,
        _ operations: Set<String>,
        _ found: inout Findings
    ) throws(StoreError) {
        for operation in operations.sorted() {
            guard let record = try self.operation(operation) else { continue }
            let reason = record.reason.map { ": \($0)" } ?? ""
            found.add(record.at, "changed", "\(record.kind) by \(record.actor)\(reason) (\(record.id))")
        }
    }
}
