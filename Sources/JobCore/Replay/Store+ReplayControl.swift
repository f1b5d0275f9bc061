package enum ReplayRefusal: Error, Sendable, Equatable {
    /// No replay has the id.
    case unknown
    case notRunning(Operation.State)
    case notStopped(Operation.State)
}

extension Store {
    /// Ends a replay where it is. What waits and is not due yet becomes letters again: also of one that has moved everything.
    /// - Returns: the run, and how many were taken back.
    package func stopReplay(
        _ id: String,
        actor: String,
        reason: String?
    ) async throws -> (run: ReplayRun, takenBack: Int, operation: Operation) {
        let operationID = JobID().description
        func operation(_ state: Operation.State, _ takenBack: Int) -> Operation {
            Operation(
                id: operationID,
                kind: "operation.stop",
                subject: id,
                actor: actor,
                reason: reason,
                state: state,
                detail: ["kind": .text("dead.replay"), "taken_back": .int(takenBack)]
            )
        }
        let begun = operation(.running, 0)
        let run = try await driver.write { session throws(StoreError) -> ReplayRun? in
            var run = try session.turnReplay(id, from: .running, to: .stopped) { _ in }
            if run == nil, try session.hasUnbegun(id) {
                run = try session.turnReplay(id, from: .done, to: .stopped) { _ in }
            }
            // Written down with the deed: an end in between is no stop that nobody made.
            if run != nil { try session.write(begun) }
            return run
        }
        guard let run else { throw try await refusal(id) { .notRunning($0) } }
        var takenBack = 0
        while true {
            let slice = try await driver.write { session throws(StoreError) in try session.takeBackUnbegun(id) }
            takenBack += slice
            if slice == 0 { break }
        }
        let ended = operation(.done, takenBack)
        try await record(ended)
        return (run, takenBack, ended)
    }

    /// Goes on with a stopped replay. Failures that were seen before do not stop it again, and its canary begins anew.
    package func resumeReplay(
        _ id: String,
        actor: String,
        reason: String?
    ) async throws -> (run: ReplayRun, operation: Operation) {
        let operation = Operation(
            kind: "operation.resume",
            subject: id,
            actor: actor,
            reason: reason,
            detail: ["kind": .text("dead.replay")]
        )
        let run = try await driver.write { session throws(StoreError) in
            let run = try session.turnReplay(id, from: .stopped, to: .running) { run in
                run.watchedFrom = run.cursor
                run.watchedAfter = run.progress.replayed
                // Those that had later due times are letters again: the rate begins now.
                run.nextDue = 0
                run.stoppedBecause = nil
            }
            if run != nil { try session.write(operation) }
            return run
        }
        guard let run else { throw try await refusal(id) { .notStopped($0) } }
        return (run, operation)
    }

    private func refusal(_ id: String, _ make: (Operation.State) -> ReplayRefusal) async throws -> ReplayRefusal {
        try await replayRun(id).map { make($0.state) } ?? .unknown
    }
}

extension SQLSession {
    /// From one state to the other, with the lock that its driver needs for a step; nil when it is in another state.
    func turnReplay(
        _ id: String,
        from: Operation.State,
        to: Operation.State,
        _ change: (inout ReplayRun) -> Void
    ) throws(StoreError) -> ReplayRun? {
        let turned = try execute(
            "update replays set state = :to, claimed_until = 0 where operation_id = :id and state = :from",
            ["id": .text(id), "from": .text(from.rawValue), "to": .text(to.rawValue)]
        )
        guard turned == 1, var run = try replayRun(id) else { return nil }
        change(&run)
        try keep(run)
        return run
    }

    fileprivate func hasUnbegun(_ id: String) throws(StoreError) -> Bool {
        let rows = try query(
            "select id from waiting where operation_id = :id and reason = 'replay' and due_at > (select due_ms()) limit 1",
            ["id": .text(id)]
        )
        return !rows.isEmpty
    }

    /// At most 500 of its jobs that wait for their due time become open letters again, and are ahead of the cursor then.
    fileprivate func takeBackUnbegun(_ id: String) throws(StoreError) -> Int {
        guard var run = try replayRun(id) else { return 0 }
        let letters = try takeBack(id, due: try dueNow())
        guard let newest = letters.max() else { return 0 }
        run.cursor = max(run.cursor, newest + 1)
        run.progress.replayed -= letters.count
        try keep(run)
        return letters.count
    }

    /// Replayed jobs that still wait, and that no promoter holds, become letters again, at most 500.
    /// - Parameter due: leaves those alone that are due by then.
    /// - Returns: the ids of the letters.
    func takeBack(_ id: String, due: Timestamp? = nil) throws(StoreError) -> [Int64] {
        let rows = try query(
            """
            select id, version from waiting where operation_id = :id and reason = 'replay' and due_at > :due
                and (claimed_until is null or claimed_until < (select now_ms())) limit 500 \(dialect.skipLocked)
            """,
            ["id": .text(id), "due": .int(due?.milliseconds ?? .min)]
        )
        var letters: [Int64] = []
        for row in rows {
            let job = try row.id("id")
            let gone = try execute(
                "delete from waiting where id = :id and version = :version",
                ["id": .id(job), "version": .int(try row.int("version"))]
            )
            guard gone == 1 else { continue }
            let opened = try query(
                """
                update dead_letters set state = 'open', operation_id = null
                where job_id = :id and \(dialect.unindexed("operation_id")) = :operation
                    and \(dialect.unindexed("state")) = 'replaying' returning letter_id
                """,
                ["id": .id(job), "operation": .text(id)]
            )
            for letter in opened { letters.append(try letter.int("letter_id")) }
        }
        return letters
    }

    /// What its driver goes by: everything under way since it began to be watched, and the newest of the outcomes.
    func outcomes(of run: ReplayRun) throws(StoreError) -> ReplayOutcomes {
        let newest = max(2 * ReplayRun.underWay, run.watched <= run.stages.last ?? 0 ? run.watched : 0)
        return try outcomes(of: run.operation, below: run.watchedFrom, newest: newest)
    }

    /// - Parameters:
    ///   - below: only letters with smaller ids.
    ///   - newest: how many of those that were moved last are looked at for their outcome; what is under way is counted of all.
    func outcomes(of id: String, below: Int64, newest: Int) throws(StoreError) -> ReplayOutcomes {
        let parameters: SQLParameters = [
            "id": .text(id), "below": .int(below), "newest": .int(Int64(newest)),
        ]
        let ended = try query(
            """
            select count(*) as ended, coalesce(sum(case when exists (
                    select 1 from dead_letters as later where later.job_id = l.job_id and later.letter_id > l.letter_id)
                then 1 else 0 end), 0) as again
            from (select job_id, letter_id, state from dead_letters
                where operation_id = :id and letter_id < :below order by letter_id limit :newest) as l
            where l.state = 'replayed'
            """,
            parameters
        )[0]
        let open = try query(
            """
            select count(*) as open, coalesce(sum(case when exists (
                    select 1 from waiting where waiting.id = l.job_id and waiting.reason in ('retry', 'killed'))
                then 1 else 0 end), 0) as retrying
            from dead_letters as l where l.operation_id = :id and l.letter_id < :below and l.state = 'replaying'
            """,
            ["id": .text(id), "below": .int(below)]
        )[0]
        let again = Int(try ended.int("again"))
        let retrying = Int(try open.int("retrying"))
        return ReplayOutcomes(
            done: Int(try ended.int("ended")) - again,
            deadAgain: again,
            retrying: retrying,
            underWay: Int(try open.int("open")) - retrying
        )
    }
}
