extension Store {
    /// Makes the schedules known that are not yet, and tells what is known of all. One whose time has been changed begins
    /// anew: instants of the new table that have passed are not caught up.
    package func enter(_ schedules: [ScheduleDeclaration]) async throws(StoreError) -> ScheduleBook {
        let known = try await self.schedules()
        let stale = schedules.filter { schedule in
            guard let record = known.records[schedule.name] else { return true }
            return record.cron != schedule.timetable.expression.text || record.zone != schedule.timetable.zone.name
        }
        guard !stale.isEmpty else { return known }
        try await driver.write { session throws(StoreError) in
            try session.executeBatch(
                """
                insert into schedules (name, cron, zone, since, watermark, missed)
                values (:name, :cron, :zone, (select due_ms()), (select due_ms()), 0)
                on conflict (name) do update set cron = excluded.cron, zone = excluded.zone,
                    watermark = case when schedules.cron = excluded.cron and schedules.zone = excluded.zone
                        then schedules.watermark else excluded.watermark end
                """,
                stale.map { schedule in
                    [
                        "name": .text(schedule.name), "cron": .text(schedule.timetable.expression.text),
                        "zone": .text(schedule.timetable.zone.name),
                    ]
                }
            )
        }
        return try await self.schedules()
    }

    package func schedules() async throws(StoreError) -> ScheduleBook {
        try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                """
                select name, cron, zone, since, watermark, missed, paused_at, paused_by, paused_reason from schedules
                """
            )
            var records: [String: ScheduleRecord] = [:]
            for row in rows {
                let record = ScheduleRecord(
                    name: try row.text("name"),
                    cron: try row.text("cron"),
                    zone: try row.text("zone"),
                    since: try row.instant("since"),
                    watermark: try row.instant("watermark"),
                    missed: try row.int("missed"),
                    pausedAt: try row.optionalInstant("paused_at"),
                    pausedBy: try row.optionalText("paused_by"),
                    pausedReason: try row.optionalText("paused_reason")
                )
                records[record.name] = record
            }
            let queued = try session.query("select 1 as queued from schedule_fires where state = 'queued' limit 1")
            return ScheduleBook(records: records, now: try session.dueNow(), hasQueued: !queued.isEmpty)
        }
    }

    /// Nothing fires while a schedule is paused. Resumed, it goes on with the next instant: what lay in between is not
    /// caught up. False when that changes nothing.
    package func setPaused(_ schedule: String, _ isPaused: Bool, _ operation: Operation) async throws(StoreError)
        -> Bool
    {
        try await driver.write { session throws(StoreError) in
            let changed =
                isPaused
                ? try session.execute(
                    """
                    update schedules set paused_at = (select due_ms()), paused_by = :actor, paused_reason = :reason
                    where name = :name and paused_at is null
                    """,
                    [
                        "name": .text(schedule), "actor": .scrubbed(operation.actor, maximumBytes: 256),
                        "reason": operation.reason.map { .scrubbed($0) } ?? .null,
                    ]
                )
                : try session.execute(
                    """
                    update schedules set paused_at = null, paused_by = null, paused_reason = null,
                        watermark = (select due_ms())
                    where name = :name and paused_at is not null
                    """,
                    ["name": .text(schedule)]
                )
            guard changed == 1 else { return false }
            try session.write(operation)
            return true
        }
    }
}
