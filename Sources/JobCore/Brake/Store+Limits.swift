extension Store {
    /// Answers jobs that want to start, each in its turn. Exact across processes: the rows of the limits are locked while it
    /// is decided. A grant that is not used, because its process died, is lost: there is never one too many.
    package func admit(_ asks: [LimitAsk]) async throws(StoreError) -> [LimitAnswer] {
        try await driver.write { session throws(StoreError) in
            let desk = try LimitDesk(session, asks)
            var answers: [LimitAnswer] = []
            for ask in asks { answers.append(try desk.answer(ask)) }
            try desk.save()
            return answers
        }
    }

    /// Ends the hold of jobs that did not settle, as those that go back to the broker.
    package func freeSlots(of jobs: [JobID]) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in try session.freeSlots(of: jobs) }
    }

    /// Frees what the dead hold, and what is held for longer than a job may run.
    /// - Returns: how many slots.
    package func freeSlots(ofDead witness: any DeathWitness) async throws(StoreError) -> Int {
        let rows = try await driver.read { session throws(StoreError) in
            try session.query(
                """
                select s.job_id, s.worker, w.host, w.pid, w.state, (select now_ms()) - w.heartbeat_at as silence,
                    case when s.until_at < (select now_ms()) then 1 else 0 end as is_over
                from limit_slots as s left join workers as w on w.id = s.worker
                where s.worker is not null limit 1000
                """
            )
        }
        var freed: [JobID] = []
        for row in rows {
            var isFree = try row.int("is_over") == 1
            if !isFree, let silence = try row.optionalInt("silence") {
                let sign = LastSign(
                    worker: try row.text("worker"),
                    host: try row.optionalText("host"),
                    pid: try row.optionalInt("pid").map { Int(clamping: $0) },
                    silence: .milliseconds(silence),
                    saidGoodbye: false
                )
                isFree = witness.isKnownDead(sign)
            }
            if isFree { freed.append(try row.id("job_id")) }
        }
        guard !freed.isEmpty else { return 0 }
        let jobs = freed
        try await driver.write { session throws(StoreError) in try session.freeSlots(of: jobs) }
        return freed.count
    }

    /// Lets jobs go on that line up while places are free: a limit was raised, or a job of the line was cancelled.
    /// - Parameter counts: the places of each limit by the manifest.
    package func advanceLines(_ counts: [String: Int]) async throws(StoreError) {
        let lines = try await driver.read { session throws(StoreError) in
            try session.query("select distinct name, lkey from limit_slots where worker is null limit 1000")
        }
        guard !lines.isEmpty else { return }
        try await driver.write { session throws(StoreError) in
            try session.execute(
                """
                delete from limit_slots where worker is null and at_ms < (select now_ms()) - 60000
                    and not exists (select 1 from waiting where id = limit_slots.job_id)
                """
            )
            let settings = try session.limitSettings()
            for line in lines {
                let (name, key) = (try line.text("name"), try line.text("lkey"))
                guard let places = settings[name]?.amount ?? counts[name] else { continue }
                // The lock under which places are given away.
                _ = try session.query(
                    "select 1 as found from limit_states where id = :id \(session.dialect.lock)",
                    ["id": .text(LimitDesk.id(name, key, 0))]
                )
                let held = try session.query(
                    "select count(worker) as held from limit_slots where name = :name and lkey = :key",
                    ["name": .text(name), "key": .text(key)]
                )[0]
                for _ in 0..<max(0, places - Int(try held.int("held"))) { try session.advanceLine(name, key: key) }
            }
        }
    }

    /// - Returns: true when there may be more.
    package func forgetOldLimits() async throws(StoreError) -> Bool {
        try await forgetExpired(of: "limit_states", key: "id")
    }
}
