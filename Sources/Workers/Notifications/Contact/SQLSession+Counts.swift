import JobCore

extension SQLSession {
    /// One of the day's `cap` messages of an owner (`user:42`, `sms:55`), once for each job. False when they are used.
    func takeCap(_ owner: String, _ name: String, cap: Int, day: String, for job: JobID) throws(StoreError) -> Bool {
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
            ["owner": .text(owner), "name": .text(name), "day": .text(day), "cap": .int(cap)]
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
