extension SQLSession {
    /// Gives the places of these jobs to those that have lined up longest. How many a limit has now is not known here: as
    /// many come in as go out, and whoever comes when there are more places takes one by itself.
    func freeSlots(of jobs: [JobID], except kept: String = "") throws(StoreError) {
        for job in jobs {
            let rows = try query(
                """
                delete from limit_slots where job_id = :job and name <> :kept
                returning name, lkey, case when worker is null then 0 else 1 end as was_held
                """,
                ["job": .id(job), "kept": .text(kept)]
            )
            for row in rows {
                guard try row.int("was_held") == 1 else { continue }
                try advanceLine(try row.text("name"), key: try row.text("lkey"))
            }
        }
    }

    func advanceLine(_ name: String, key: String) throws(StoreError) {
        let next = try query(
            """
            update limit_slots set worker = :keeper, until_at = (select now_ms()) + :keeping
            where seq = (select seq from limit_slots where name = :name and lkey = :key and worker is null
                order by seq limit 1 \(dialect.skipLocked))
            returning job_id
            """,
            [
                "name": .text(name), "key": .text(key), "keeper": .text(LimitSlot.keptForWaiting),
                "keeping": .int(LimitSlot.keeping.milliseconds),
            ]
        )
        guard let row = next.first else { return }
        try execute(
            """
            update waiting set due_at = (select due_ms()), version = version + 1
            where id = :id and reason = 'limit' and due_at > (select due_ms())
            """,
            ["id": .id(try row.id("job_id"))]
        )
    }

    /// A place may have come free between a job's refusal and its row in `waiting`.
    func awakenPlaced(_ entries: [WaitingEntry]) throws(StoreError) {
        let waiting = entries.filter { $0.reason == .limit }
        guard !waiting.isEmpty else { return }
        try executeBatch(
            """
            update waiting set due_at = (select due_ms()) where id = :id and exists
                (select 1 from limit_slots where job_id = :id and worker = :keeper)
            """,
            waiting.map { ["id": .id($0.envelope.id), "keeper": .text(LimitSlot.keptForWaiting)] }
        )
    }
}

enum LimitSlot {
    /// Stands for the worker while the job is on its way back.
    static let keptForWaiting = "-"
    /// For so long: from `waiting` through its queue to a worker.
    static let keeping: Duration = .seconds(600)
}
