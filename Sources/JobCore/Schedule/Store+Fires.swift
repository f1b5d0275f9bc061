extension Store {
    /// Fires what a turn has found due, and remembers how far it came: one transaction, which writes nothing when the
    /// lease has gone to another process. An instant that has a row already is left alone.
    /// - Returns: how many jobs now wait, or nil when the lease is lost.
    package func fire(
        _ schedule: ScheduleDeclaration,
        version: Int,
        turn: ScheduleTurn,
        under lease: Lease
    ) async throws(StoreError) -> Int? {
        try await driver.write { session throws(StoreError) in
            guard try session.holds(lease) else { return nil }
            // A pause that came after the turn was found: nothing fires, and resuming sets the mark.
            let live = try session.query(
                "select 1 as live from schedules where name = :name and paused_at is null",
                ["name": .text(schedule.name)]
            )
            guard !live.isEmpty else { return 0 }
            var fired = 0
            for (index, instant) in turn.fires.enumerated() {
                fired += try session.fire(
                    schedule,
                    version: version,
                    at: instant,
                    kind: .cron,
                    inTurn: index < turn.lateCount
                )
            }
            try session.execute(
                """
                update schedules set watermark = case when watermark < :watermark then :watermark else watermark end,
                    missed = missed + :missed
                where name = :name
                """,
                [
                    "watermark": .instant(turn.watermark), "missed": .int(turn.missed), "name": .text(schedule.name),
                ]
            )
            return fired
        }
    }

    /// Fires by hand: now, or instants of the past. With an operation for the audit.
    /// - Returns: how many jobs now wait; the others had a fire already, or an earlier one has not ended.
    package func fire(
        _ schedule: ScheduleDeclaration,
        version: Int,
        at instants: [Timestamp],
        kind: ScheduleFire.Kind,
        _ operation: Operation
    ) async throws(StoreError) -> Int {
        try await driver.write { session throws(StoreError) in
            var fired = 0
            for instant in instants {
                fired += try session.fire(
                    schedule,
                    version: version,
                    at: instant,
                    kind: kind,
                    inTurn: kind == .backfill,
                    operation: operation.id
                )
            }
            try session.write(operation)
            return fired
        }
    }

    /// Lets the oldest queued fire of each schedule go whose predecessors have ended. One that was asked to cancel and has
    /// not within `patience` counts as ended.
    package func releaseQueued(
        _ schedules: [String: (declaration: ScheduleDeclaration, version: Int, patience: Duration)],
        under lease: Lease
    ) async throws(StoreError) -> Int {
        try await driver.write { session throws(StoreError) in
            guard try session.holds(lease) else { return 0 }
            let rows = try session.query(
                """
                select q.schedule, min(q.fire_at) as fire_at from schedule_fires as q
                where q.state = 'queued' group by q.schedule
                """
            )
            var released = 0
            for row in rows {
                let name = try row.text("schedule")
                let instant = try row.instant("fire_at")
                // Its declaration is gone: so is what it would have run.
                guard let (declaration, version, patience) = schedules[name] else {
                    try session.end(name, instant, "cancelled", error: "the schedule is no longer declared")
                    continue
                }
                try session.execute(
                    """
                    update schedule_fires set state = 'cancelled', finished_at = (select now_ms()),
                        error = 'replaced; it did not end when it was asked to'
                    where schedule = :name and state = 'fired' and cancel_at < (select now_ms()) - :patience
                    """,
                    ["name": .text(name), "patience": .int(patience.milliseconds)]
                )
                guard try session.unfinished(name, excluding: instant) == 0 else { continue }
                try session.execute(
                    "update schedule_fires set state = 'fired' where schedule = :name and fire_at = :instant",
                    ["name": .text(name), "instant": .instant(instant)]
                )
                let job = try session.jobID(name, instant)
                try session.letWait(declaration, version, job, instant, operation: nil)
                released += 1
            }
            return released
        }
    }

    /// The newest fires of a schedule, newest first.
    package func fires(_ schedule: String, limit: Int) async throws(StoreError) -> [ScheduleFire] {
        try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                """
                select schedule, fire_at, kind, state, job_id, at_ms, finished_at, run_ms, error from schedule_fires
                where schedule = :name order by fire_at desc limit :limit
                """,
                ["name": .text(schedule), "limit": .int(limit)]
            )
            var fires: [ScheduleFire] = []
            for row in rows { fires.append(try ScheduleFire(row: row)) }
            return fires
        }
    }

    /// The instants within a span that have a fire.
    package func firedInstants(
        _ schedule: String,
        after start: Timestamp,
        through end: Timestamp
    ) async throws(StoreError) -> Set<Timestamp> {
        try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                """
                select fire_at from schedule_fires where schedule = :name and fire_at > :start and fire_at <= :end
                """,
                ["name": .text(schedule), "start": .instant(start), "end": .instant(end)]
            )
            var instants: Set<Timestamp> = []
            for row in rows { instants.insert(try row.instant("fire_at")) }
            return instants
        }
    }

    /// Fires older than their retention; true when there may be more.
    package func forgetFires(after age: Duration) async throws(StoreError) -> Bool {
        try await driver.write { session throws(StoreError) in
            try session.execute(
                """
                delete from schedule_fires where job_id in (
                    select job_id from schedule_fires
                    where fire_at < (select due_ms()) - :age and state not in ('fired', 'queued') limit 500)
                """,
                ["age": .int(age.milliseconds)]
            ) == 500
        }
    }

    /// Jobs whose fires have been asked to cancel: whoever runs one of them is to end it.
    package func cancelledFires() async throws(StoreError) -> Set<JobID> {
        try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                """
                select job_id from schedule_fires
                where cancel_at > (select now_ms()) - 86400000 and state in ('fired', 'cancelled')
                """
            )
            var ids: Set<JobID> = []
            for row in rows { ids.insert(try row.id("job_id")) }
            return ids
        }
    }
}

extension SQLSession {
    /// 1 when a job now waits. `inTurn`: several that are late come one after the other, where `skip` would let all but
    /// the first fall.
    fileprivate func fire(
        _ schedule: ScheduleDeclaration,
        version: Int,
        at instant: Timestamp,
        kind: ScheduleFire.Kind,
        inTurn: Bool,
        operation: String? = nil
    ) throws(StoreError) -> Int {
        let state = try decide(schedule, at: instant, inTurn: inTurn)
        let id = JobID()
        let inserted = try execute(
            """
            insert into schedule_fires (schedule, fire_at, kind, state, job_id, at_ms, finished_at, operation_id)
            values (:schedule, :instant, :kind, :state, :job, (select now_ms()),
                case when :state = 'skipped' then (select now_ms()) end, :operation)
            on conflict (schedule, fire_at) do nothing
            """,
            [
                "schedule": .text(schedule.name), "instant": .instant(instant), "kind": .text(kind.rawValue),
                "state": .text(state.rawValue), "job": .id(id), "operation": .text(operation),
            ]
        )
        guard inserted == 1 else { return 0 }
        if schedule.overlap == .replace, state == .queued, !inTurn { try askToCancel(schedule.name, before: instant) }
        guard state == .fired else { return 0 }
        try letWait(schedule, version, id, instant, operation: operation)
        return 1
    }

    private func decide(
        _ schedule: ScheduleDeclaration,
        at instant: Timestamp,
        inTurn: Bool
    ) throws(StoreError) -> ScheduleFire.State {
        if schedule.overlap == .allow { return .fired }
        guard try unfinished(schedule.name, excluding: instant) > 0 else { return .fired }
        return schedule.overlap == .skip && !inTurn ? .skipped : .queued
    }

    fileprivate func unfinished(_ schedule: String, excluding instant: Timestamp) throws(StoreError) -> Int64 {
        let rows = try query(
            """
            select count(*) as open from schedule_fires
            where schedule = :schedule and fire_at <> :instant and at_ms > (select now_ms()) - :stale
                and (state = 'fired' or (state = 'queued' and fire_at < :instant))
            """,
            [
                "schedule": .text(schedule), "instant": .instant(instant),
                "stale": .int(Unfinished.staleAfter.milliseconds),
            ]
        )
        return try rows.first?.int("open") ?? 0
    }

    /// What only waits is taken back at once; what may run is ended by whoever runs it.
    private func askToCancel(_ schedule: String, before instant: Timestamp) throws(StoreError) {
        let parameters: SQLParameters = ["schedule": .text(schedule), "instant": .instant(instant)]
        try execute(
            """
            update schedule_fires set state = 'cancelled', finished_at = (select now_ms()), error = 'replaced'
            where schedule = :schedule and state = 'queued' and fire_at < :instant
            """,
            parameters
        )
        let waiting = try query(
            """
            select f.job_id as job_id, f.fire_at as fire_at from schedule_fires as f join waiting as w on w.id = f.job_id
            where f.schedule = :schedule and f.state = 'fired' and f.fire_at < :instant
                and (w.claimed_until is null or w.claimed_until < (select now_ms()))
            """,
            parameters
        )
        for row in waiting {
            let deleted = try execute(
                """
                delete from waiting where id = :id and (claimed_until is null or claimed_until < (select now_ms()))
                """,
                ["id": .text(try row.text("job_id"))]
            )
            if deleted == 1 { try end(schedule, try row.instant("fire_at"), "cancelled", error: "replaced") }
        }
        try execute(
            """
            update schedule_fires set cancel_at = (select now_ms())
            where schedule = :schedule and state = 'fired' and fire_at < :instant and cancel_at is null
            """,
            parameters
        )
    }

    fileprivate func end(
        _ schedule: String,
        _ instant: Timestamp,
        _ state: String,
        error: String
    ) throws(StoreError) {
        try execute(
            """
            update schedule_fires set state = :state, finished_at = (select now_ms()), error = :error
            where schedule = :schedule and fire_at = :instant
            """,
            [
                "state": .text(state), "error": .text(error), "schedule": .text(schedule), "instant": .instant(instant),
            ]
        )
    }

    fileprivate func jobID(_ schedule: String, _ instant: Timestamp) throws(StoreError) -> JobID {
        let rows = try query(
            "select job_id from schedule_fires where schedule = :schedule and fire_at = :instant",
            ["schedule": .text(schedule), "instant": .instant(instant)]
        )
        guard let row = rows.first else { throw .decoding("no fire") }
        return try row.id("job_id")
    }

    fileprivate func letWait(
        _ schedule: ScheduleDeclaration,
        _ version: Int,
        _ id: JobID,
        _ instant: Timestamp,
        operation: String?
    ) throws(StoreError) {
        let entry = WaitingEntry(
            envelope: schedule.envelope(id, at: instant, version: version, born: try now()),
            address: nil,
            due: .at(schedule.dueAt(instant)),
            reason: .fire,
            operationID: operation
        )
        guard try wait([entry]) == [.unroutable] else { return }
        try end(schedule.name, instant, "dead", error: "no queue is bound to \(entry.envelope.routingKey)")
    }
}

private enum Unfinished {
    /// A fire that has not ended within a day is no longer waited for: its job was taken off the broker by hand.
    static let staleAfter: Duration = .seconds(86_400)
}

extension ScheduleFire {
    fileprivate init(row: SQLRow) throws(StoreError) {
        schedule = try row.text("schedule")
        instant = try row.instant("fire_at")
        kind = Kind(rawValue: try row.text("kind")) ?? .cron
        state = State(rawValue: try row.text("state")) ?? .fired
        jobID = try row.id("job_id")
        firedAt = try row.instant("at_ms")
        finishedAt = try row.optionalInstant("finished_at")
        runTime = try row.optionalInt("run_ms").map { .milliseconds($0) }
        error = try row.optionalText("error")
    }
}
