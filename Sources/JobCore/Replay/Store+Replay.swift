/// What a replay has moved so far.
package struct ReplayProgress: Sendable, Equatable {
    package var replayed = 0
    package var skipped: [String: Int] = [:]
    /// True when the selector's limit ended it before its last letter.
    package var hasMore = false

    package var skippedCount: Int { skipped.values.reduce(0, +) }

    mutating func skip(_ refusal: Replay.Refusal) {
        skipped[refusal.rawValue, default: 0] += 1
    }
}

/// What one step of a replay came to.
package enum ReplayTurn: Sendable, Equatable {
    case moved(ReplayRun)
    case waits(ReplayRun, for: ReplayRun.Wait)
    /// Done or stopped.
    case ended(ReplayRun)
    /// Another process leads it.
    case elsewhere(ReplayRun)

    package var run: ReplayRun {
        switch self {
        case .moved(let run), .waits(let run, _), .ended(let run), .elsewhere(let run): run
        }
    }
}

extension Store {
    /// A replay is led by one process at a time; what a dead one led is free after this time.
    static let replayClaim: Duration = .seconds(10)

    /// Moves open letters to `waiting`, from here to the end. Each slice of at most 500 is one transaction, with its part of
    /// the operation's row: a crash in between leaves whole slices under one operation id, and the rest open and in the
    /// hands of the loops.
    package func replay(_ request: ReplayRequest) async throws -> ReplayProgress {
        var turn = try await beginReplay(request, by: request.rules.operation)
        while true {
            switch turn {
            case .ended(let run): return run.progress
            case .moved: break
            case .waits, .elsewhere: try await Task.sleep(for: .milliseconds(200))
            }
            turn = try await stepReplay(request.rules.operation, by: request.rules.operation) ?? turn
        }
    }

    /// Writes a replay down and takes its first step, in one transaction.
    /// - Parameter driver: who leads it, if anybody looks after it until its claim ends.
    package func beginReplay(_ request: ReplayRequest, by driver: String) async throws(StoreError) -> ReplayTurn {
        let total = request.needsTotal ? try await countLetters(request.selector) : 0
        return try await self.driver.write { session throws(StoreError) in
            var pinned = request
            let now = try session.now()
            pinned.selector = request.selector.pinned(at: now)
            let newest = try session.query("select coalesce(max(letter_id), 0) as id from dead_letters")
            let edge = try newest[0].int("id") + 1
            let cursor = request.selector.after.flatMap { Int64($0) } ?? edge
            let run = ReplayRun(
                operation: request.rules.operation,
                request: pinned,
                total: total,
                startedAt: now,
                cursor: cursor,
                countedTo: cursor,
                watchedFrom: cursor,
                nextDue: 0
            )
            var row = run.parameters
            row["driver"] = .text(driver)
            row["claim"] = .int(Store.replayClaim.milliseconds)
            try session.execute(
                """
                insert into replays (operation_id, state, claimed_by, claimed_until, body)
                values (:id, :state, :driver, (select now_ms()) + :claim, :body)
                """,
                row
            )
            return try session.step(run)
        }
    }

    /// One step, if nobody else leads the replay; nil when there is no such replay.
    package func stepReplay(_ id: String, by driver: String) async throws(StoreError) -> ReplayTurn? {
        try await self.driver.write { session throws(StoreError) in
            let claimed = try session.execute(
                """
                update replays set claimed_by = :driver, claimed_until = (select now_ms()) + :claim
                where operation_id = :id and state = 'running'
                    and (claimed_by = :driver or claimed_until < (select now_ms()))
                """,
                ["id": .text(id), "driver": .text(driver), "claim": .int(Store.replayClaim.milliseconds)]
            )
            guard let run = try session.replayRun(id) else { return nil }
            guard run.state == .running else { return .ended(run) }
            guard claimed == 1 else { return .elsewhere(run) }
            return try session.step(run)
        }
    }

    /// Gives a replay away that this process led: the loops go on with it at once.
    package func leaveReplay(_ id: String, by driver: String) async throws(StoreError) {
        try await self.driver.write { session throws(StoreError) in
            try session.execute(
                "update replays set claimed_until = 0 where operation_id = :id and claimed_by = :driver",
                ["id": .text(id), "driver": .text(driver)]
            )
        }
    }

    /// Replays that are not over.
    package func runningReplays() async throws(StoreError) -> [String] {
        try await self.driver.read { session throws(StoreError) in
            let rows = try session.query(
                "select operation_id from replays where state = 'running' order by operation_id"
            )
            return try rows.map { row throws(StoreError) in try row.text("operation_id") }
        }
    }

    package func replayRun(_ id: String) async throws(StoreError) -> ReplayRun? {
        try await self.driver.read { session throws(StoreError) in try session.replayRun(id) }
    }

    /// What has become of everything that a replay moved, those before a stop too.
    package func replayOutcomes(_ id: String) async throws(StoreError) -> ReplayOutcomes {
        try await self.driver.read { session throws(StoreError) in
            try session.outcomes(of: id, below: .max, newest: .max)
        }
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

extension ReplayRequest {
    /// Whether anybody asks how many there are: a share of them, or how long it takes.
    fileprivate var needsTotal: Bool { selector.limit == 0 || selector.limit > ReplayRun.slice || !care.isNone }
}
