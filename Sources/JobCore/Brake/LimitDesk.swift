/// Decides within one transaction. What it needs is read once, and what has changed is written once.
final class LimitDesk {
    private struct State {
        var name: String
        var key: String
        var period: Int64 = 0
        var queue: String
        var arrival: Int64 = 0
        var used: Int64 = 0
        var granted: Int64 = 0
        var denied: Int64 = 0
        var deniedAt: Timestamp?
        var deniedFor: Duration = .zero
        var expiresAt: Timestamp
        var isNew = false
    }

    /// How many periods ahead a budget is looked for.
    private static let horizon = 400
    /// A waiting job whose slot never comes free asks again after this long.
    private static let longestWait: Duration = .seconds(3600)

    private let session: any SQLSession
    private let now: Timestamp
    private let dueNow: Timestamp
    private let settings: [String: LimitSetting]
    private var states: [String: State] = [:]
    private var changed: Set<String> = []

    init(_ session: any SQLSession, _ asks: [LimitAsk]) throws(StoreError) {
        self.session = session
        // Locked in one order, by whoever comes: no two processes wait for each other.
        var ids: [String: (name: String, key: String)] = [:]
        for ask in asks {
            for share in ask.shares {
                ids[LimitDesk.id(share.limit.name, share.key, 0)] = (share.limit.name, share.key)
            }
        }
        try session.executeBatch(
            """
            insert into limit_states (id, name, lkey, period, arrival, used, granted, denied, queue, expires_at)
            values (:id, :name, :key, 0, 0, 0, 0, 0, '', 0) on conflict (id) do nothing
            """,
            ids.sorted { $0.key < $1.key }.map {
                ["id": .text($0.key), "name": .text($0.value.name), "key": .text($0.value.key)]
            }
        )
        for id in ids.keys.sorted() {
            let rows = try session.query(
                """
                select name, lkey, period, arrival, used, granted, denied, denied_at, denied_for, queue, expires_at
                from limit_states where id = :id \(session.dialect.lock)
                """,
                ["id": .text(id)]
            )
            if let row = rows.first { states[id] = try LimitDesk.state(row) }
        }
        now = try session.now()
        dueNow = try session.dueNow()
        settings = try session.limitSettings()
    }

    static func id(_ name: String, _ key: String, _ period: Int64) -> String { "\(name)|\(period)|\(key)" }

    private static func state(_ row: SQLRow) throws(StoreError) -> State {
        State(
            name: try row.text("name"),
            key: try row.text("lkey"),
            period: try row.int("period"),
            queue: try row.text("queue"),
            arrival: try row.int("arrival"),
            used: try row.int("used"),
            granted: try row.int("granted"),
            denied: try row.int("denied"),
            deniedAt: try row.optionalInstant("denied_at"),
            deniedFor: .milliseconds(try row.optionalInt("denied_for") ?? 0),
            expiresAt: try row.instant("expires_at")
        )
    }

    func answer(_ ask: LimitAsk) throws(StoreError) -> LimitAnswer {
        var waited: Duration = .zero
        var reserved: [String] = []
        for share in ask.shares {
            let rule = settings[share.limit.name]?.applied(to: share.limit.rule) ?? share.limit.rule
            reserved.append(share.limit.name)
            let id = LimitDesk.id(share.limit.name, share.key, 0)
            switch rule {
            case .rate(let rate):
                let wait = takeSlot(id, GCRA(rate), ask.queue)
                if wait > ask.patience {
                    return .wait(.after(.milliseconds(wait.milliseconds + 1)), reserved: reserved)
                }
                waited = max(waited, wait)
            case .quota(let quota):
                if let reset = try takeBudget(share, quota, ask.queue) { return .wait(.at(reset), reserved: reserved) }
            case .concurrency(let count):
                guard try takePlace(share, count, ask) else {
                    try session.freeSlots(of: [ask.job], except: share.limit.name)
                    note(id, denied: LimitDesk.longestWait, ask.queue, keptFor: .seconds(86_400))
                    return .wait(.after(LimitDesk.longestWait), reserved: reserved)
                }
                note(id, denied: nil, ask.queue, keptFor: .seconds(86_400))
            }
        }
        return .granted(after: waited)
    }

    private func takeSlot(_ id: String, _ gcra: GCRA, _ queue: String) -> Duration {
        guard var state = states[id] else { return .zero }
        let wait = gcra.reserve(&state.arrival, now: now)
        states[id] = state
        note(id, denied: wait > .zero ? wait : nil, queue, keptFor: wait + .seconds(86_400))
        return wait
    }

    /// The first period that has something left, from now on; nil when that is the present one.
    private func takeBudget(
        _ share: LimitAsk.Share,
        _ quota: LimitRule.Quota,
        _ queue: String
    ) throws(StoreError) -> Timestamp? {
        var instant = dueNow
        for step in 0..<LimitDesk.horizon {
            let (start, end) = quota.period.bounds(of: instant, in: quota.zone)
            let id = try periodState(share, start: start, queue)
            if (states[id]?.used ?? 0) < Int64(quota.budget) || step == LimitDesk.horizon - 1 {
                states[id]?.used += 1
                let life = end.duration(since: dueNow) + .seconds(2 * 86_400)
                note(id, denied: nil, queue, keptFor: life)
                let present = LimitDesk.id(share.limit.name, share.key, 0)
                note(present, denied: step == 0 ? nil : start.duration(since: dueNow), queue, keptFor: life)
                return step == 0 ? nil : start
            }
            instant = end
        }
        return nil
    }

    /// Whoever decides has locked the limit's first row: nobody else makes or changes those of its periods.
    private func periodState(_ share: LimitAsk.Share, start: Timestamp, _ queue: String) throws(StoreError) -> String {
        let id = LimitDesk.id(share.limit.name, share.key, start.milliseconds)
        guard states[id] == nil else { return id }
        let rows = try session.query(
            """
            select name, lkey, period, arrival, used, granted, denied, denied_at, denied_for, queue, expires_at
            from limit_states where id = :id
            """,
            ["id": .text(id)]
        )
        if let row = rows.first {
            states[id] = try LimitDesk.state(row)
        } else {
            states[id] = State(
                name: share.limit.name,
                key: share.key,
                period: start.milliseconds,
                queue: queue,
                expiresAt: now,
                isNew: true
            )
        }
        return id
    }

    /// True when the job may hold one of the places now: one that was kept for it, or a free one.
    private func takePlace(_ share: LimitAsk.Share, _ count: Int, _ ask: LimitAsk) throws(StoreError) -> Bool {
        let parameters: SQLParameters = [
            "name": .text(share.limit.name), "key": .text(share.key), "job": .id(ask.job), "worker": .text(ask.worker),
            "holding": .int(ask.holding.milliseconds),
        ]
        let kept = try session.execute(
            """
            update limit_slots set worker = :worker, until_at = (select now_ms()) + :holding
            where name = :name and lkey = :key and job_id = :job and worker is not null
            """,
            parameters
        )
        if kept > 0 { return true }
        let held = try session.query(
            """
            select count(worker) as held, count(*) - count(worker) as lined_up from limit_slots
            where name = :name and lkey = :key and job_id <> :job
            """,
            ["name": .text(share.limit.name), "key": .text(share.key), "job": .id(ask.job)]
        )[0]
        // Whoever lines up comes first.
        let (taken, linedUp) = (try held.int("held"), try held.int("lined_up"))
        let isFree = taken + linedUp < Int64(count)
        var row = parameters
        row["worker"] = isFree ? .text(ask.worker) : .null
        try session.execute(
            """
            insert into limit_slots (name, lkey, job_id, worker, until_at, at_ms)
            values (:name, :key, :job, :worker, (select now_ms()) + :holding, (select now_ms()))
            on conflict (name, lkey, job_id) do update set worker = excluded.worker, until_at = excluded.until_at
            """,
            row
        )
        return isFree
    }

    private func note(_ id: String, denied wait: Duration?, _ queue: String, keptFor life: Duration) {
        guard var state = states[id] else { return }
        state.queue = queue
        state.granted += 1
        if let wait {
            state.denied += 1
            (state.deniedAt, state.deniedFor) = (now, wait)
        }
        state.expiresAt = max(state.expiresAt, now.advanced(by: life))
        states[id] = state
        changed.insert(id)
    }

    func save() throws(StoreError) {
        try session.executeBatch(
            """
            insert into limit_states (id, name, lkey, period, arrival, used, granted, denied, denied_at, denied_for,
                queue, expires_at)
            values (:id, :name, :key, :period, :arrival, :used, :granted, :denied, :denied_at, :denied_for, :queue,
                :expires_at)
            on conflict (id) do update set arrival = excluded.arrival, used = excluded.used,
                granted = excluded.granted, denied = excluded.denied, denied_at = excluded.denied_at,
                denied_for = excluded.denied_for, queue = excluded.queue, expires_at = excluded.expires_at
            """,
            changed.sorted().compactMap { id in
                states[id].map { state in
                    [
                        "id": .text(id), "name": .text(state.name), "key": .text(state.key),
                        "period": .int(state.period), "arrival": .int(state.arrival), "used": .int(state.used),
                        "granted": .int(state.granted), "denied": .int(state.denied),
                        "denied_at": .instant(state.deniedAt), "denied_for": .int(state.deniedFor.milliseconds),
                        "queue": .text(state.queue), "expires_at": .instant(state.expiresAt.bounded),
                    ]
                }
            }
        )
    }
}
