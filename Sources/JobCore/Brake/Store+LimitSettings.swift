/// A limit as set by hand: it takes the place of the manifest's until it is reset.
package struct LimitSetting: Sendable, Equatable {
    package let amount: Int
    package let period: Duration?
    package let burst: Int?
    package let actor: String
    package let at: Timestamp
    /// When the manifest's setting holds again by itself; nil until somebody resets it.
    package let until: Timestamp?

    /// Kind, zone and calendar stay those of the manifest.
    package func applied(to rule: LimitRule) -> LimitRule {
        switch rule {
        case .rate(let rate):
            return .rate(LimitRule.Rate(count: amount, period: period ?? rate.period, burst: burst ?? rate.burst))
        case .concurrency: return .concurrency(amount)
        case .quota(var quota):
            quota.budget = amount
            return .quota(quota)
        }
    }
}

/// What a limit has done.
package struct LimitRecord: Sendable, Equatable {
    package let name: String
    /// Keys with a state; 1 for a limit that all share and that was asked.
    package var keys = 0
    package var granted: Int64 = 0
    package var denied: Int64 = 0
    /// When a job last had to wait, and for how long.
    package var deniedAt: Timestamp?
    package var deniedFor: Duration?
    /// Used of the present period's budget, of the key that has used most.
    package var used: Int64?
    /// Jobs that hold a place, and jobs that have lined up for one.
    package var held = 0
    package var linedUp = 0
    package var queue = ""

    package init(name: String) {
        self.name = name
    }
}

extension Store {
    package func limitSettings() async throws(StoreError) -> [String: LimitSetting] {
        try await driver.read { session throws(StoreError) in try session.limitSettings() }
    }

    package func setLimit(
        _ name: String,
        amount: Int,
        period: Duration?,
        burst: Int?,
        for duration: Duration? = nil,
        _ operation: Operation
    ) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            try session.execute(
                """
                insert into limit_settings (name, amount, period, burst, actor, operation_id, at_ms, until_at)
                values (:name, :amount, :period, :burst, :actor, :operation, (select now_ms()),
                    (select now_ms()) + cast(:lasting as bigint))
                on conflict (name) do update set amount = excluded.amount, period = excluded.period,
                    burst = excluded.burst, actor = excluded.actor, operation_id = excluded.operation_id,
                    at_ms = excluded.at_ms, until_at = excluded.until_at
                """,
                [
                    "name": .text(name), "amount": .int(amount),
                    "lasting": duration.map { .int($0.milliseconds) } ?? .null,
                    "period": period.map { .int($0.milliseconds) } ?? .null, "burst": burst.map { .int($0) } ?? .null,
                    "actor": .scrubbed(operation.actor, maximumBytes: 256), "operation": .text(operation.id),
                ]
            )
            try session.write(operation)
        }
    }

    /// The manifest's setting again, nothing used. Jobs that wait for their turn keep it.
    /// - Parameter key: nil for all; else only what this key has used, and the setting stays.
    package func resetLimit(_ name: String, key: String? = nil, _ operation: Operation) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            if let key {
                try session.execute(
                    "delete from limit_states where name = :name and lkey = :key",
                    ["name": .text(name), "key": .text(key)]
                )
            } else {
                try session.execute("delete from limit_settings where name = :name", ["name": .text(name)])
                try session.execute("delete from limit_states where name = :name", ["name": .text(name)])
            }
            try session.write(operation)
        }
    }

    /// - Parameter periods: the first instant of each budget's present period, by limit.
    package func limits(periods: [String: Timestamp]) async throws(StoreError) -> [String: LimitRecord] {
        try await driver.read { session throws(StoreError) in
            var records: [String: LimitRecord] = [:]
            let states = try session.query(
                """
                select name, max(queue) as queue, count(distinct lkey) as keys,
                    cast(sum(case when period = 0 then granted else 0 end) as bigint) as granted,
                    cast(sum(case when period = 0 then denied else 0 end) as bigint) as denied,
                    max(denied_at) as denied_at
                from limit_states group by name
                """
            )
            for row in states {
                var record = LimitRecord(name: try row.text("name"))
                record.keys = Int(try row.int("keys"))
                record.granted = try row.int("granted")
                record.denied = try row.int("denied")
                record.deniedAt = try row.optionalInstant("denied_at")
                record.queue = try row.text("queue")
                if record.deniedAt != nil {
                    let last = try session.query(
                        """
                        select denied_for from limit_states where name = :name and denied_at is not null
                        order by denied_at desc limit 1
                        """,
                        ["name": .text(record.name)]
                    ).first
                    record.deniedFor = try last?.optionalInt("denied_for").map { .milliseconds($0) }
                }
                if let start = periods[record.name] {
                    let used = try session.query(
                        "select max(used) as used from limit_states where name = :name and period = :period",
                        ["name": .text(record.name), "period": .instant(start)]
                    ).first
                    record.used = try used?.optionalInt("used") ?? 0
                }
                records[record.name] = record
            }
            let slots = try session.query(
                """
                select name, count(worker) as held, count(*) - count(worker) as lined_up from limit_slots group by name
                """
            )
            for row in slots {
                let name = try row.text("name")
                records[name, default: LimitRecord(name: name)].held = Int(try row.int("held"))
                records[name, default: LimitRecord(name: name)].linedUp = Int(try row.int("lined_up"))
            }
            return records
        }
    }
}

extension SQLSession {
    func limitSettings() throws(StoreError) -> [String: LimitSetting] {
        var settings: [String: LimitSetting] = [:]
        let rows = try query(
            """
            select name, amount, period, burst, actor, at_ms, until_at from limit_settings
            where until_at is null or until_at > (select now_ms())
            """
        )
        for row in rows {
            settings[try row.text("name")] = LimitSetting(
                amount: Int(try row.int("amount")),
                period: try row.optionalInt("period").map { .milliseconds($0) },
                burst: try row.optionalInt("burst").map { Int($0) },
                actor: try row.text("actor"),
                at: try row.instant("at_ms"),
                until: try row.optionalInstant("until_at")
            )
        }
        return settings
    }
}

extension SQLSession {
    /// A queue whose jobs a limit has made wait within the last ten seconds is throttled.
    func throttles() throws(StoreError) -> [String: LaneRecord.Throttle] {
        let rows = try query(
            """
            select queue, name, max(denied_at + denied_for) as until_at from limit_states
            where denied_at > (select now_ms()) - 10000 and queue <> '' group by queue, name order by queue, until_at
            """
        )
        var throttles: [String: LaneRecord.Throttle] = [:]
        for row in rows {
            throttles[try row.text("queue")] = LaneRecord.Throttle(
                limit: try row.text("name"),
                until: try row.instant("until_at")
            )
        }
        return throttles
    }
}
