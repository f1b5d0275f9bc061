import Foundation

/// Kinds of marks, as the tables have them.
private enum MarkKind {
    static let start = "start"
    static let done = "done"
}

extension Store {
    /// Looks up jobs that came back, in one statement, and marks those that are going to run as begun by `worker`, in
    /// the same transaction. Jobs that run alone get no mark of their own: those that made them suspects stay.
    package func welcomeBack(
        _ keys: [AttemptKey],
        worker: String,
        witness: any DeathWitness
    ) async throws(StoreError) -> [AttemptKey: Redelivery] {
        try await driver.write { session throws(StoreError) in
            let traces = try session.traces(of: keys)
            var answers: [AttemptKey: Redelivery] = [:]
            for key in keys { answers[key] = Redelivery.of(key, traces[key.id] ?? [], witness: witness) }
            try session.mark(keys.filter { answers[$0] == .run }, MarkKind.start, worker: worker)
            return answers
        }
    }

    /// Attempts that have ended and could not be acknowledged: whoever gets them again need not run them.
    package func markDone(_ keys: [AttemptKey], worker: String) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in try session.markDone(keys, worker: worker) }
    }

    /// The jobs go back to the broker on purpose: this process's start marks would blame them for nothing.
    package func withdrawStarts(_ keys: [AttemptKey], worker: String) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            for table in MarkTables.names {
                try session.executeBatch(
                    """
                    delete from \(table) where job_id = :id and run = :run and attempt = :attempt
                        and ready_at = :ready_at and kind = 'start' and worker = :worker
                    """,
                    keys.map { $0.parameters.merging(worker: worker) }
                )
            }
        }
    }
}

extension SQLSession {
    /// The attempts have ended: nobody's start mark means anything any more.
    func clearStarts(_ keys: [AttemptKey]) throws(StoreError) {
        guard !keys.isEmpty else { return }
        for table in MarkTables.names {
            try executeBatch(
                """
                delete from \(table) where job_id = :id and run = :run and attempt = :attempt
                    and ready_at = :ready_at and kind = 'start'
                """,
                keys.map(\.parameters)
            )
        }
    }

    func markDone(_ keys: [AttemptKey], worker: String) throws(StoreError) {
        try mark(keys, MarkKind.done, worker: worker)
    }

    fileprivate func mark(_ keys: [AttemptKey], _ kind: String, worker: String) throws(StoreError) {
        guard !keys.isEmpty else { return }
        try executeBatch(
            """
            insert into \(MarkTables.table(at: try now())) (job_id, run, attempt, ready_at, kind, worker, at_ms)
            values (:id, :run, :attempt, :ready_at, :kind, :worker, (select now_ms())) on conflict do nothing
            """,
            keys.map { key in
                var parameters = key.parameters.merging(worker: worker)
                parameters["kind"] = .text(kind)
                return parameters
            }
        )
    }

    fileprivate func traces(of keys: [AttemptKey]) throws(StoreError) -> [JobID: [Trace]] {
        let ids = Set(keys.map(\.id))
        let list = "[" + ids.map { "\"\($0)\"" }.joined(separator: ",") + "]"
        var traces: [JobID: [Trace]] = [:]
        for row in try query(TraceQuery.text(dialect), ["ids": .text(list)]) {
            if let trace = try Trace(row: row) { traces[try row.id("job_id"), default: []].append(trace) }
        }
        return traces
    }
}

private enum TraceQuery {
    private static let sqlite = make(.sqlite)
    private static let postgres = make(.postgres)

    static func text(_ dialect: Dialect) -> String {
        switch dialect {
        case .sqlite: sqlite
        case .postgres: postgres
        }
    }

    private static func make(_ dialect: Dialect) -> String {
        let ids = dialect.texts(":ids")
        let marks = MarkTables.union(
            "select job_id, kind, run, attempt, ready_at, worker, at_ms from",
            where: "job_id in \(ids)"
        )
        return """
            select m.job_id as job_id, m.kind as kind, m.run as run, m.attempt as attempt, m.ready_at as ready_at,
                m.worker as worker, w.host as host, w.pid as pid, w.state as state,
                (select now_ms()) - coalesce(w.heartbeat_at, m.at_ms) as silence
            from (\(marks)) as m left join workers as w on w.id = m.worker
            union all
            select id, 'waiting', '', attempt, due_at, claimed_by, null, null, null, 0
            from waiting where id in \(ids)
            union all
            select job_id, 'dead', death_id, attempts, failed_at, null, null, null, null, 0
            from dead_letters where job_id in \(ids)
            """
    }
}

extension Trace {
    /// Nil for what says nothing about an attempt: a letter of the collector's, a kind of a newer build.
    fileprivate init?(row: SQLRow) throws(StoreError) {
        let attempt = Int(clamping: try row.int("attempt"))
        let key = AttemptKey(
            id: try row.id("job_id"),
            run: try row.text("run"),
            attempt: attempt,
            readyAt: try row.instant("ready_at")
        )
        switch try row.text("kind") {
        case "waiting":
            self = .waiting(attempt: attempt, isClaimed: try row.optionalText("worker") != nil)
        case "dead":
            guard let run = DeadLetter.run(ofDeath: key.run) else { return nil }
            self = .dead(run: run, attempt: attempt)
        case MarkKind.done:
            self = .done(key)
        case MarkKind.start:
            let sign = LastSign(
                worker: try row.text("worker"),
                host: try row.optionalText("host"),
                pid: try row.optionalInt("pid").map { Int(clamping: $0) },
                silence: .milliseconds(try row.int("silence")),
                saidGoodbye: try row.optionalText("state") == WorkerState.gone.rawValue
            )
            self = .started(key, sign)
        default:
            return nil
        }
    }
}

extension AttemptKey {
    fileprivate var parameters: SQLParameters {
        [
            "id": .id(id), "run": .scrubbed(run, maximumBytes: 512), "attempt": .int(attempt),
            "ready_at": .instant(readyAt),
        ]
    }
}

extension SQLParameters {
    fileprivate func merging(worker: String) -> SQLParameters {
        var merged = self
        merged["worker"] = .text(worker)
        return merged
    }
}
