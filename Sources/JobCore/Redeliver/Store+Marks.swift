import Foundation

/// Kinds of marks, as the tables have them.
private enum MarkKind {
    static let start = "start"
    static let done = "done"
}

/// What to do with a job that comes back, and the generation of the run that does it.
package struct Welcome: Sendable, Equatable {
    package let answer: Redelivery
    package let generation: Int

    package init(answer: Redelivery, generation: Int) {
        self.answer = answer
        self.generation = generation
    }
}

extension Store {
    /// Looks up jobs that came back, in one statement, and marks those that are going to run as begun by `worker`, in
    /// the same transaction. Jobs that run alone get no mark of their own: those that made them suspects stay.
    ///
    /// - Parameter deduplicating: those of them that may have come twice, and are looked up among finished effects too.
    package func welcomeBack(
        _ keys: [AttemptKey],
        deduplicating: Set<JobID> = [],
        worker: String,
        witness: any DeathWitness
    ) async throws(StoreError) -> [AttemptKey: Welcome] {
        try await driver.write { session throws(StoreError) in
            for statement in session.dialect.byKeysOnly { try session.execute(statement) }
            let histories = try session.histories(of: keys)
            let finished = try session.finished(among: deduplicating)
            var answers: [AttemptKey: Welcome] = [:]
            for key in keys {
                let history = histories[key.id] ?? History()
                let answer =
                    finished.contains(key.id)
                    ? Redelivery.finished : Redelivery.of(key, history.traces, witness: witness)
                let generation = answer == .run ? history.generation + 1 : history.generation
                answers[key] = Welcome(answer: answer, generation: generation)
            }
            try session.begin(answers.filter { $0.value.answer == .run }, worker: worker)
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
            for table in TurningTables.marks.names where try session.isFilled(table) {
                try session.execute(
                    """
                    update \(table) set ended_at = (select now_ms()) where kind = 'start' and worker = :worker
                        and (job_id, run, attempt, ready_at) in \(AttemptKeyRows.keys(session.dialect))
                    """,
                    AttemptKeyRows.parameters(session.dialect, keys, worker: worker)
                )
            }
        }
    }
}

extension SQLSession {
    /// The attempts have ended: start marks of whomever blame nobody for them any more. They stay, so that a process that
    /// was stopped meanwhile finds on waking that others had its jobs.
    func endStarts(of keys: [AttemptKey]) throws(StoreError) {
        guard !keys.isEmpty else { return }
        for table in TurningTables.marks.names where try isFilled(table) {
            try execute(
                """
                update \(table) set ended_at = (select now_ms()) where kind = 'start' and ended_at is null
                    and (job_id, run, attempt, ready_at) in \(AttemptKeyRows.keys(dialect))
                """,
                AttemptKeyRows.parameters(dialect, keys)
            )
        }
    }

    /// Most of the time one or two of the four hold anything.
    fileprivate func isFilled(_ table: String) throws(StoreError) -> Bool {
        !(try query("select 1 as found from \(table) limit 1")).isEmpty
    }

    func markDone(_ keys: [AttemptKey], worker: String) throws(StoreError) {
        guard !keys.isEmpty else { return }
        try execute(
            """
            insert into \(TurningTables.marks.table(at: try now())) (job_id, run, attempt, ready_at, kind, worker, at_ms)
            select k.job_id, k.run, k.attempt, k.ready_at, 'done', :worker, (select now_ms())
            from \(AttemptKeyRows.table(dialect)) as k where true on conflict do nothing
            """,
            AttemptKeyRows.parameters(dialect, keys, worker: worker)
        )
    }

    fileprivate func begin(_ answers: [AttemptKey: Welcome], worker: String) throws(StoreError) {
        guard !answers.isEmpty else { return }
        try execute(
            """
            insert into \(TurningTables.marks.table(at: try now()))
                (job_id, run, attempt, ready_at, kind, worker, at_ms, generation)
            select k.job_id, k.run, k.attempt, k.ready_at, 'start', :worker, (select now_ms()), k.generation
            from \(AttemptKeyRows.table(dialect)) as k where true
            on conflict (job_id, run, attempt, ready_at, kind, worker)
                do update set at_ms = excluded.at_ms, generation = excluded.generation, ended_at = null
            """,
            AttemptKeyRows.parameters(dialect, answers.map { ($0.key, $0.value.generation) }, worker: worker)
        )
    }

    fileprivate func histories(of keys: [AttemptKey]) throws(StoreError) -> [JobID: History] {
        var histories: [JobID: History] = [:]
        for row in try query(TraceQuery.text(dialect), ["ids": .list(Set(keys.map(\.id)))]) {
            let id = try row.id("job_id")
            let generation = Int(clamping: try row.int("generation"))
            histories[id, default: History()].generation = max(histories[id]?.generation ?? 0, generation)
            if let trace = try Trace(row: row) { histories[id]?.traces.append(trace) }
        }
        return histories
    }
}

/// What the store remembers of one job.
private struct History {
    var traces: [Trace] = []
    /// The highest that any of its runs has had.
    var generation = 0
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
        let marks = TurningTables.marks.union(
            "select job_id, kind, run, attempt, ready_at, worker, at_ms, generation, ended_at from",
            where: dialect.isListed("job_id")
        )
        return """
            \(dialect.list(of: ":ids"))
            select m.job_id as job_id, m.kind as kind, m.run as run, m.attempt as attempt, m.ready_at as ready_at,
                m.worker as worker, w.host as host, w.pid as pid, w.state as state,
                (select now_ms()) - coalesce(w.heartbeat_at, m.at_ms) as silence, m.generation as generation,
                case when m.ended_at is null then 0 else 1 end as has_ended
            from (\(marks)) as m left join workers as w on w.id = m.worker
            union all
            select id, 'waiting', '', attempt, due_at, claimed_by, null, null, null, 0, 0, 0
            from waiting where \(TurningTables.filled("waiting")) and \(dialect.isListed("id"))
            union all
            select job_id, 'dead', death_id, attempts, failed_at, null, null, null, null, 0, 0, 0
            from dead_letters where \(TurningTables.filled("dead_letters")) and \(dialect.isListed("job_id"))
            """
    }
}

extension Trace {
    /// Nil for what says nothing about an attempt: a run that ended, a letter of the collector's, a kind of a newer build.
    fileprivate init?(row: SQLRow) throws(StoreError) {
        let key = try AttemptKey(row: row)
        switch try row.text("kind") {
        case "waiting":
            self = .waiting(attempt: key.attempt, isClaimed: try row.optionalText("worker") != nil)
        case "dead":
            guard let run = DeadLetter.run(ofDeath: key.run) else { return nil }
            self = .dead(run: run, attempt: key.attempt)
        case MarkKind.done:
            self = .done(key)
        case MarkKind.start:
            guard try row.int("has_ended") == 0 else { return nil }
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
