extension SQLSession {
    func step(_ before: ReplayRun) throws(StoreError) -> ReplayTurn {
        var run = before
        let outcomes = run.request.care.isNone ? ReplayOutcomes() : try outcomes(of: run)
        let due = try dueNow()
        switch run.next(outcomes, now: due) {
        case .wait(let wait): return .waits(run, for: wait)
        case .stop(let because):
            run.state = .stopped
            run.stoppedBecause = because
            try keep(run)
            return .ended(run)
        case .move(let room):
            try moveSlice(&run, atMost: room, due: due)
            try keep(run)
            return run.state == .running ? .moved(run) : .ended(run)
        }
    }

    private func moveSlice(_ run: inout ReplayRun, atMost room: Int, due: Timestamp) throws(StoreError) {
        let now = try now()
        let request = run.request
        let remaining = request.selector.maximumCount - run.handled
        let limit = min(remaining, room)
        let page = try letters(
            request.selector,
            state: .open,
            after: run.cursor,
            limit: limit,
            withPayload: false,
            suffix: dialect.skipLocked
        )
        var revivals: [(letter: LetterRecord, revival: Replay.Revival)] = []
        let routes = try routesByKey()
        func skip(_ refusal: Replay.Refusal, _ letter: LetterRecord) {
            if letter.letterID < run.countedTo { run.progress.skip(refusal) }
        }
        // The page comes newest first; the oldest of it become due first.
        for letter in page.letters.reversed() {
            switch Replay.decide(letter, routes: routes, rules: request.rules, now: now) {
            case .revive(let revival): revivals.append((letter, revival))
            case .skip(let refusal): skip(refusal, letter)
            }
        }
        let (dues, _) = run.dues(revivals.count, now: due)
        let moved = try revive(revivals, request, dues)
        run.nextDue = run.dues(moved.count, now: due).next
        run.progress.replayed += moved.count
        for (letter, _) in revivals where !moved.contains(letter.letterID) { skip(.alreadyWaiting, letter) }
        run.cursor = page.last ?? run.cursor
        run.countedTo = min(run.countedTo, run.cursor)
        let isFull = page.letters.count >= remaining
        run.progress.hasMore = isFull && !page.isLast
        if page.isLast || isFull { run.state = .done }
    }

    /// The run as it is now, and its operation for everybody to read.
    func keep(_ run: ReplayRun) throws(StoreError) {
        try execute("update replays set state = :state, body = :body where operation_id = :id", run.parameters)
        if run.progress.replayed > 0 { try write(run.record) }
    }

    /// The body goes from table to table inside the database. Returns the letters that were moved; the others have a
    /// waiting row already, which is the newer truth.
    private func revive(
        _ revivals: [(letter: LetterRecord, revival: Replay.Revival)],
        _ request: ReplayRequest,
        _ dues: [Timestamp]
    ) throws(StoreError) -> Set<Int64> {
        guard !revivals.isEmpty else { return [] }
        let inserted = try executeBatch(
            """
            insert into waiting (id, version, job, queue, lane, payload, headers, attempt, due_at, reason, enqueued_at,
                expires_at, first_at, last_error, operation_id)
            select job_id, 1, :job, :queue, :lane, payload, :headers, 1, cast(:due as bigint), 'replay', enqueued_at,
                cast(:expires_at as bigint), (select now_ms()), :last_error, :operation
            from dead_letters where letter_id = :letter
            on conflict (id) do nothing
            """,
            zip(revivals, dues).map { pair, due in
                [
                    "job": .text(pair.revival.job.rawValue), "queue": .text(pair.revival.address.queue),
                    "lane": .text(pair.revival.address.lane.rawValue),
                    "headers": .bytes(HeadersCoding.encode(pair.revival.headers)), "due": .instant(due),
                    "expires_at": .instant(pair.revival.expiresAt), "operation": .text(request.rules.operation),
                    "last_error": .scrubbed("\(pair.letter.errorType): \(pair.letter.errorMessage)"),
                    "letter": .int(pair.letter.letterID),
                ]
            }
        )
        let moved = zip(revivals, inserted).filter { $0.1 == 1 }.map(\.0.letter.letterID)
        try executeBatch(
            """
            update dead_letters set state = 'replaying', operation_id = :operation
            where letter_id = :letter and state = 'open'
            """,
            moved.map { ["operation": .text(request.rules.operation), "letter": .int($0)] }
        )
        return Set(moved)
    }

    func replayRun(_ id: String) throws(StoreError) -> ReplayRun? {
        let rows = try query("select state, body from replays where operation_id = :id", ["id": .text(id)])
        guard let row = rows.first else { return nil }
        let state = Operation.State(rawValue: try row.text("state")) ?? .stopped
        return try ReplayBody(try row.bytes("body")).run(id, state)
    }

    func waitingAlready(_ letters: [LetterRecord]) throws(StoreError) -> Set<JobID> {
        var selector = Selector()
        selector.limit = 0
        var found: Set<JobID> = []
        for start in stride(from: 0, to: letters.count, by: Selector.maximumIDs) {
            selector.ids = letters[start..<min(start + Selector.maximumIDs, letters.count)].map(\.jobID)
            let clause = SelectorClause(selector, over: .waiting)
            for row in try query("select id from waiting where \(clause.text)", clause.parameters) {
                found.insert(try row.id("id"))
            }
        }
        return found
    }

    fileprivate func routesByKey() throws(StoreError) -> [String: Topology.Route] {
        var routes: [String: Topology.Route] = [:]
        for row in try query("select routing_key, job, queue, lane from routes") {
            let key = try row.text("routing_key")
            routes[key] = Topology.Route(
                routingKey: key,
                job: JobName(unchecked: try row.text("job")),
                address: try row.address()
            )
        }
        return routes
    }
}

extension ReplayRun {
    var parameters: SQLParameters {
        ["id": .text(operation), "state": .text(state.rawValue), "body": .bytes(ReplayBody(self).bytes)]
    }

    var record: Operation {
        var detail: [String: Operation.Detail] = [
            "replayed": .int(progress.replayed), "skipped": .int(progress.skippedCount),
            "include_expired": .bool(request.rules.includesExpired), "reasons": .counts(progress.skipped),
        ]
        if let rate = request.rate { detail["rate_per_second"] = .double(rate) }
        if let limit = request.care.abortAbove { detail["abort_above"] = .double(limit) }
        if !stages.isEmpty { detail["canary"] = .list(stages.map(String.init)) }
        if let stoppedBecause { detail["stopped_because"] = .text(stoppedBecause) }
        return Operation(
            id: operation,
            kind: "dead.replay",
            subject: request.subject,
            actor: request.actor,
            reason: request.reason,
            state: state,
            detail: detail
        )
    }
}
