import JobCore

/// How far a broadcast has come.
struct BroadcastRecord: Sendable, Equatable {
    enum State: String, Sendable {
        case running, paused, cancelled, done
    }

    let id: String
    var state: State
    let segment: String
    let jobID: String
    /// The last person of the last slice; people are taken in the order of their ids.
    var cursor: String
    /// In the segment when it began.
    let users: Int64
    var sent: Int64
    /// Those who do not want it, or cannot be reached.
    var skipped: Int64
    var slices: Int64
    /// With those that a crash made necessary again.
    var begun: Int64
    let rate: Int64
    let startedAt: Timestamp
    let changedAt: Timestamp

    var progress: Double { users == 0 ? 1 : min(1, Double(sent + skipped) / Double(users)) }
}

/// Somebody who may get it.
struct BroadcastRecipient: Sendable {
    let profile: NotificationProfile
    let hasDevices: Bool
}

extension SQLSession {
    private static var broadcastColumns: String {
        "id, state, segment, job_id, cursor, users, sent, skipped, slices, begun, rate, started_at, changed_at"
    }

    func broadcast(_ id: String) throws(StoreError) -> BroadcastRecord? {
        let row = try query(
            "select \(Self.broadcastColumns) from notification_broadcasts where id = :id",
            ["id": .text(id)]
        ).first
        guard let row else { return nil }
        return try BroadcastRecord(row)
    }

    func broadcasts() throws(StoreError) -> [BroadcastRecord] {
        var records: [BroadcastRecord] = []
        for row in try query(
            "select \(Self.broadcastColumns) from notification_broadcasts order by started_at desc limit 100"
        ) { records.append(try BroadcastRecord(row)) }
        return records
    }

    /// Begins it, or finds how far it is.
    func beginBroadcast(
        _ job: BroadcastNotification,
        _ id: JobID,
        content: String
    ) throws(StoreError) -> BroadcastRecord? {
        try execute(
            """
            insert into notification_broadcasts
                (id, state, segment, content, cursor, users, sent, skipped, rate, slices, begun, job_id, started_at, changed_at)
            select :id, 'running', :segment, :content, '', \(Self.size(of: job.segment)), 0, 0, :rate, 0, 0, :job,
                (select now_ms()), (select now_ms())
            where true on conflict (id) do nothing
            """,
            [
                "id": .text(job.broadcast), "segment": .text(job.segment), "content": .text(content),
                "rate": .int(job.ratePerSecond), "job": .id(id),
            ]
        )
        return try broadcast(job.broadcast)
    }

    private static func size(of segment: String) -> String {
        segment == "all"
            ? "(select count(*) from notification_profiles)"
            : "(select count(*) from notification_segments where segment = :segment)"
    }

    /// The next people of the segment, in the order of their ids.
    func broadcastSlice(_ segment: String, after cursor: String, limit: Int) throws(StoreError) -> [BroadcastRecipient]
    {
        let source =
            segment == "all"
            ? "notification_profiles p"
            : "notification_segments s join notification_profiles p on p.user_id = s.user_id"
        let condition = segment == "all" ? "p.user_id > :after" : "s.segment = :segment and s.user_id > :after"
        let rows = try query(
            """
            select p.user_id, p.locale, p.zone, p.phone, p.email, p.quiet_from, p.quiet_to, p.opt_outs, p.opt_ins,
                case when exists (select 1 from notification_devices d where d.user_id = p.user_id) then 1 else 0 end
                    as devices
            from \(source) where \(condition) order by \(segment == "all" ? "p" : "s").user_id limit :limit
            """,
            segment == "all"
                ? ["after": .text(cursor), "limit": .int(limit)]
                : ["after": .text(cursor), "limit": .int(limit), "segment": .text(segment)]
        )
        var people: [BroadcastRecipient] = []
        for row in rows {
            people.append(
                BroadcastRecipient(profile: try NotificationProfile(row), hasDevices: try row.int("devices") > 0)
            )
        }
        return people
    }

    func beginSlice(_ id: String) throws(StoreError) {
        try execute("update notification_broadcasts set begun = begun + 1 where id = :id", ["id": .text(id)])
    }

    /// A slice is over. Nothing where the broadcast has moved on meanwhile.
    func advanceBroadcast(
        _ id: String,
        from cursor: String,
        to next: String,
        sent: Int,
        skipped: Int
    ) throws(StoreError) {
        try execute(
            """
            update notification_broadcasts set cursor = :next, sent = sent + :sent, skipped = skipped + :skipped,
                slices = slices + 1, changed_at = (select now_ms())
            where id = :id and cursor = :cursor
            """,
            [
                "id": .text(id), "cursor": .text(cursor), "next": .text(next), "sent": .int(sent),
                "skipped": .int(skipped),
            ]
        )
    }

    /// False where it was in none of these states.
    @discardableResult
    func setBroadcast(
        _ id: String,
        _ state: BroadcastRecord.State,
        from states: [BroadcastRecord.State]
    ) throws(StoreError) -> Bool {
        for known in states {
            let changed = try execute(
                """
                update notification_broadcasts set state = :state, changed_at = (select now_ms())
                where id = :id and state = :known
                """,
                ["id": .text(id), "state": .text(state.rawValue), "known": .text(known.rawValue)]
            )
            if changed > 0 { return true }
        }
        return false
    }
}

extension BroadcastRecord {
    fileprivate init(_ row: SQLRow) throws(StoreError) {
        self.init(
            id: try row.text("id"),
            state: State(rawValue: try row.text("state")) ?? .cancelled,
            segment: try row.text("segment"),
            jobID: try row.text("job_id"),
            cursor: try row.text("cursor"),
            users: try row.int("users"),
            sent: try row.int("sent"),
            skipped: try row.int("skipped"),
            slices: try row.int("slices"),
            begun: try row.int("begun"),
            rate: try row.int("rate"),
            startedAt: try row.instant("started_at"),
            changedAt: try row.instant("changed_at")
        )
    }
}
