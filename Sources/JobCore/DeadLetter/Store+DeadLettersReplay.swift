/// A replay as asked for.
package struct ReplayRequest: Sendable {
    package var selector: Selector
    package var rules: Replay.Rules
    /// Jobs a second that become due; nil for all at once.
    package var rate: Double?
    package var actor: String
    package var reason: String?
    /// The selector in the operator's own words, for the audit.
    package var subject: String

    package init(
        selector: Selector,
        rules: Replay.Rules,
        rate: Double? = nil,
        actor: String,
        reason: String? = nil,
        subject: String
    ) {
        self.selector = selector
        self.rules = rules
        self.rate = rate
        self.actor = actor
        self.reason = reason
        self.subject = subject
    }
}

/// How far a replay has come.
package struct ReplayProgress: Sendable, Equatable {
    package var replayed = 0
    package var skipped: [String: Int] = [:]
    /// True when the selector's limit ended it before its last letter.
    package var hasMore = false
    var cursor: Int64?
    var startedAt: Timestamp?
    var isFinished = false

    package var skippedCount: Int { skipped.values.reduce(0, +) }

    mutating func skip(_ refusal: Replay.Refusal) {
        skipped[refusal.rawValue, default: 0] += 1
    }
}

extension Store {
    /// Moves open letters to `waiting`. Each slice of at most 500 is one transaction, with its part of the operation's
    /// row: a crash in between leaves whole slices under one operation id, and the rest open.
    package func replay(_ request: ReplayRequest) async throws(StoreError) -> ReplayProgress {
        var progress = ReplayProgress(cursor: request.selector.after.flatMap { Int64($0) })
        while !progress.isFinished {
            let before = progress
            progress = try await driver.write { session throws(StoreError) in
                try session.replaySlice(request, before)
            }
        }
        return progress
    }

    /// What `replay` would do; changes nothing.
    package func rehearse(_ request: ReplayRequest) async throws(StoreError) -> ReplayProgress {
        var progress = ReplayProgress()
        let routes = try await routesByKey()
        var scan = LetterScan(self, request.selector, state: .open)
        while let letters = try await scan.next() {
            let (now, waiting) = try await driver.read { session throws(StoreError) in
                (try session.now(), try session.waitingAlready(letters))
            }
            for letter in letters {
                switch Replay.decide(letter, routes: routes, rules: request.rules, now: now) {
                case .revive where waiting.contains(letter.jobID): progress.skip(.alreadyWaiting)
                case .revive: progress.replayed += 1
                case .skip(let refusal): progress.skip(refusal)
                }
            }
        }
        progress.hasMore = scan.hasMore
        return progress
    }

    package func routesByKey() async throws(StoreError) -> [String: Topology.Route] {
        Dictionary(try await routes().map { ($0.routingKey, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

extension SQLSession {
    fileprivate func replaySlice(
        _ request: ReplayRequest,
        _ before: ReplayProgress
    ) throws(StoreError) -> ReplayProgress {
        var progress = before
        let now = try now()
        let due = try dueNow()
        let start = progress.startedAt ?? due
        let handled = progress.replayed + progress.skippedCount
        let remaining = request.selector.maximumCount - handled
        let page = try letters(
            request.selector,
            state: .open,
            after: progress.cursor,
            limit: remaining,
            withPayload: false,
            suffix: dialect.skipLocked
        )
        var revivals: [(letter: LetterRecord, revival: Replay.Revival)] = []
        let routes = try routesByKey()
        // The page comes newest first; the oldest of it become due first.
        for letter in page.letters.reversed() {
            switch Replay.decide(letter, routes: routes, rules: request.rules, now: now) {
            case .revive(let revival): revivals.append((letter, revival))
            case .skip(let refusal): progress.skip(refusal)
            }
        }
        let moved = try revive(revivals, request, start: start, from: progress.replayed)
        progress.replayed += moved
        for _ in 0..<(revivals.count - moved) { progress.skip(.alreadyWaiting) }
        progress.startedAt = start
        progress.cursor = page.last ?? progress.cursor
        let isFull = page.letters.count >= remaining
        progress.hasMore = isFull && !page.isLast
        progress.isFinished = page.isLast || isFull
        if progress.replayed > 0 { try write(request.operation(progress)) }
        return progress
    }

    /// The body goes from table to table inside the database. Returns how many were moved; the others have a waiting
    /// row already, which is the newer truth.
    private func revive(
        _ revivals: [(letter: LetterRecord, revival: Replay.Revival)],
        _ request: ReplayRequest,
        start: Timestamp,
        from position: Int
    ) throws(StoreError) -> Int {
        guard !revivals.isEmpty else { return 0 }
        let inserted = try executeBatch(
            """
            insert into waiting (id, version, job, queue, lane, payload, headers, attempt, due_at, reason, enqueued_at,
                expires_at, first_at, last_error, operation_id)
            select job_id, 1, :job, :queue, :lane, payload, :headers, 1, cast(:due as bigint), 'replay', enqueued_at,
                cast(:expires_at as bigint), (select now_ms()), :last_error, :operation
            from dead_letters where letter_id = :letter
            on conflict (id) do nothing
            """,
            revivals.enumerated().map { index, pair in
                let due = request.due(of: position + index, start: start)
                return [
                    "job": .text(pair.revival.job.rawValue), "queue": .text(pair.revival.address.queue),
                    "lane": .text(pair.revival.address.lane.rawValue),
                    "headers": .bytes(HeadersCoding.encode(pair.revival.headers)), "due": .instant(due),
                    "expires_at": .instant(pair.revival.expiresAt), "operation": .text(request.rules.operation),
                    "last_error": .scrubbed("\(pair.letter.errorType): \(pair.letter.errorMessage)"),
                    "letter": .int(pair.letter.letterID),
                ]
            }
        )
        let moved = zip(revivals, inserted).filter { $0.1 == 1 }.map(\.0.letter)
        try executeBatch(
            """
            update dead_letters set state = 'replaying', operation_id = :operation
            where letter_id = :letter and state = 'open'
            """,
            moved.map { ["operation": .text(request.rules.operation), "letter": .int($0.letterID)] }
        )
        return moved.count
    }

    fileprivate func waitingAlready(_ letters: [LetterRecord]) throws(StoreError) -> Set<JobID> {
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

extension ReplayRequest {
    /// The spread of due times: job number *n* waits n / rate.
    func due(of position: Int, start: Timestamp) -> Timestamp {
        guard let rate, rate > 0 else { return start }
        return start.advanced(by: .milliseconds(Int64(min(Double(position) / rate * 1000, 1e15))))
    }

    func operation(_ progress: ReplayProgress) -> Operation {
        var detail: [String: Operation.Detail] = [
            "replayed": .int(progress.replayed), "skipped": .int(progress.skippedCount),
            "include_expired": .bool(rules.includesExpired),
        ]
        detail["reasons"] = .counts(progress.skipped)
        if let rate { detail["rate_per_second"] = .double(rate) }
        return Operation(
            id: rules.operation,
            kind: "dead.replay",
            subject: subject,
            actor: actor,
            reason: reason,
            state: progress.isFinished ? .done : .running,
            detail: detail
        )
    }
}
