import JobCore

extension SQLSession {
    /// One more of something that is counted by the day; how many there are with it.
    func countUp(_ owner: String, _ name: String, on day: String) throws(StoreError) -> Int64 {
        let row = try query(
            """
            insert into notification_counts (owner, name, day, used) values (:owner, :name, :day, 1)
            on conflict (owner, name, day) do update set used = notification_counts.used + 1
            returning used
            """,
            ["owner": .text(owner), "name": .text(name), "day": .text(day)]
        ).first
        guard let row else { return 0 }
        return try row.int("used")
    }

    /// One of a person's `cap` messages of the day, once for each job. False when they are used.
    func takeCap(_ user: String, _ category: String, cap: Int, day: String, for job: JobID) throws(StoreError) -> Bool {
        let granted = try execute(
            """
            insert into notification_grants (job_id, at_ms) values (:job, (select now_ms()))
            on conflict (job_id) do nothing
            """,
            ["job": .id(job)]
        )
        guard granted > 0 else { return true }
        let taken = try execute(
            """
            insert into notification_counts (owner, name, day, used)
            select :owner, :name, :day, 1 where :cap > 0
            on conflict (owner, name, day) do update set used = notification_counts.used + 1
                where notification_counts.used < :cap
            """,
            ["owner": .text("user:\(user)"), "name": .text(category), "day": .text(day), "cap": .int(cap)]
        )
        if taken > 0 { return true }
        try execute("delete from notification_grants where job_id = :job", ["job": .id(job)])
        return false
    }
}

extension Timestamp {
    /// The day in UTC: `2026-11-27`.
    var day: String { String(description.prefix(10)) }
}
