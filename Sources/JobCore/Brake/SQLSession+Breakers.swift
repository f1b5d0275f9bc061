extension SQLSession {
    /// A quarter of a second of outcomes is one row.
    private static var slot: Int64 { 250 }

    func report(
        _ outcome: DependencyOutcomes,
        of name: String,
        _ policy: BreakerPolicy,
        queues: [String]
    ) throws(StoreError) -> BreakerRecord? {
        // The row is locked before the counts are read: two processes that each see half of the failures would both wait.
        try execute(
            """
            insert into breakers (name, state, openings, held, changed_at, queues)
            values (:name, 'closed', 0, 0, 0, :queues) on conflict (name) do nothing
            """,
            ["name": .text(name), "queues": .text(JSONText.of(queues))]
        )
        let locked = try query("select state from breakers where name = :name \(dialect.lock)", ["name": .text(name)])
        guard try locked.first?.text("state") == "closed" else { return try breaker(name) }
        let now = try now().milliseconds
        try execute(
            """
            insert into breaker_counts (name, slot, answered, failed) values (:name, :slot, :answered, :failed)
            on conflict (name, slot) do update set answered = breaker_counts.answered + excluded.answered,
                failed = breaker_counts.failed + excluded.failed
            """,
            [
                "name": .text(name), "slot": .int(now / Self.slot), "answered": .int(outcome.answered),
                "failed": .int(outcome.failed),
            ]
        )
        guard outcome.failed > 0 else { return try breaker(name) }
        let recent = try recentOutcomes(of: name, within: policy.window, now: now)
        if let (answered, failed) = policy.tripping(recent) {
            try trip(name, answered: answered, failed: failed, outcome.reason, policy, queues)
        }
        return try breaker(name)
    }

    /// By slot, the newest first.
    private func recentOutcomes(
        of name: String,
        within window: Duration,
        now: Int64
    ) throws(StoreError) -> [DependencyOutcomes] {
        let rows = try query(
            """
            select answered, failed from breaker_counts where name = :name and slot > :edge order by slot desc
            """,
            ["name": .text(name), "edge": .int((now - window.milliseconds) / Self.slot)]
        )
        var outcomes: [DependencyOutcomes] = []
        for row in rows {
            let (answered, failed) = (Int(try row.int("answered")), Int(try row.int("failed")))
            outcomes.append(DependencyOutcomes(answered: answered, failed: failed))
        }
        return outcomes
    }

    private func trip(
        _ name: String,
        answered: Int,
        failed: Int,
        _ cause: String?,
        _ policy: BreakerPolicy,
        _ queues: [String]
    ) throws(StoreError) {
        let row = try query(
            "select openings, (select now_ms()) - changed_at as age from breakers where name = :name",
            ["name": .text(name)]
        )[0]
        let isFresh = try row.int("age") > policy.memory.milliseconds
        let openings = isFresh ? 1 : Int(try row.int("openings")) + 1
        let reason =
            "\(failed) of the last \(answered + failed) attempts failed"
            + (cause.map { ", the last with \($0)" } ?? "")
        try execute(
            """
            update breakers set state = 'open', reason = :reason, openings = :openings, held = 0,
                until_at = (select now_ms()) + :lasting, changed_at = (select now_ms()), queues = :queues
            where name = :name
            """,
            [
                "name": .text(name), "reason": .scrubbed(reason, maximumBytes: 512), "openings": .int(openings),
                "lasting": .int(policy.openTime(openings: openings).milliseconds), "queues": .text(JSONText.of(queues)),
            ]
        )
        try forgetCounts(of: name)
    }

    func endProbe(_ names: [String], prober: String) throws(StoreError) {
        try executeBatch(
            "update breakers set prober = null, prober_until = null where name = :name and prober = :prober",
            names.map { ["name": .text($0), "prober": .text(prober)] }
        )
    }

    func forgetCounts(of name: String) throws(StoreError) {
        try execute("delete from breaker_counts where name = :name", ["name": .text(name)])
    }

    func breakers() throws(StoreError) -> [BreakerRecord] {
        let rows = try query("\(BreakerRecord.select) order by name")
        var records: [BreakerRecord] = []
        for row in rows { records.append(try BreakerRecord(row)) }
        return records
    }

    private func breaker(_ name: String) throws(StoreError) -> BreakerRecord? {
        let row = try query("\(BreakerRecord.select) where name = :name", ["name": .text(name)]).first
        guard let row else { return nil }
        return try BreakerRecord(row)
    }
}

extension BreakerRecord {
    fileprivate static let select = """
        select name, state, reason, openings, until_at, held, changed_at, queues, (select now_ms()) as now,
            case when prober_until >= (select now_ms()) then prober end as prober
        from breakers
        """

    fileprivate init(_ row: SQLRow) throws(StoreError) {
        name = try row.text("name")
        let now = try row.instant("now")
        let until = try row.optionalInstant("until_at")
        let isHeld = try row.int("held") != 0
        if try row.text("state") == "closed" {
            state = .closed
        } else if let until, until <= now {
            state = .halfOpen
        } else {
            state = .open
        }
        self.until = state == .open ? until : nil
        self.isHeld = isHeld && state == .open
        remaining = state == .open ? until?.duration(since: now) : nil
        reason = state == .closed ? nil : try row.optionalText("reason")
        openings = Int(try row.int("openings"))
        changedAt = try row.instant("changed_at")
        prober = state == .halfOpen ? try row.optionalText("prober") : nil
        queues = JSONText.read([String].self, try row.text("queues")) ?? []
    }
}
