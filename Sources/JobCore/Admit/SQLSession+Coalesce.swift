/// A debounced or throttled entry on its way.
struct CoalescingEntry {
    let index: Int
    let entry: WaitingEntry
    let rule: Admission
    let address: QueueAddress

    /// Names hold no spaces: the first one ends the job's.
    var key: String { "\(entry.envelope.job) \(rule.key)" }
    var event: CoalescedEvent { CoalescedEvent(at: entry.envelope.enqueuedAt.bounded, id: entry.envelope.id) }
}

extension SQLSession {
    /// Events of many keys, each key's in their order. Keys are locked in their order, so that two callers never wait for
    /// each other; the row of a key in `waiting` is changed only under its lock, but for its promoter.
    ///
    /// - Returns: rows to write, and the answers by index.
    func coalesce(_ entries: [CoalescingEntry]) throws(StoreError) -> (rows: [WaitingRow], answers: [Int: WaitAnswer]) {
        guard !entries.isEmpty else { return ([], [:]) }
        let byKey = Dictionary(grouping: entries, by: \.key)
        let keys = byKey.keys.sorted()
        let now = try dueNow()
        var states = try coalescing(keys)
        var rows: [WaitingRow] = []
        var answers: [Int: WaitAnswer] = [:]
        var replaced: [SQLParameters] = []
        var memories: [SQLParameters] = []
        for key in keys {
            guard var state = states.removeValue(forKey: key), let events = byKey[key] else { continue }
            for event in events.sorted(by: { $0.event < $1.event }) {
                answers[event.index] = state.event(event.event, event.rule, now: now)
            }
            let byEvent = Dictionary(events.map { ($0.event, $0) }, uniquingKeysWith: { first, _ in first })
            for lead in state.leading {
                guard let event = byEvent[lead] else { continue }
                rows.append(WaitingRow(event.entry.due(now), event.address))
            }
            if let winner = state.winner.flatMap({ byEvent[$0] }), let row = state.row {
                if let old = state.replaced { replaced.append(["id": .id(old), "by": .id(row.id)]) }
                var entry = winner.entry.due(row.due)
                entry.envelope.id = row.id
                let place = WaitingRow.Place(key: key, firstAt: row.firstAt, last: winner.event.at)
                rows.append(WaitingRow(entry, winner.address, place))
            }
            if let last = events.last { memories.append(state.parameters(key, last.rule, now: now)) }
        }
        // The key is free before its next row takes it. The version stays: whoever published the old row may delete it.
        try executeBatch("update waiting set dkey = null, superseded_by = :by where id = :id", replaced)
        try executeBatch(
            """
            update debounces set last_event = :last_event, last_id = :last_id, generation = :generation,
                window_end = cast(:window_end as bigint), expires_at = :expires_at
            where dkey = :dkey
            """,
            memories
        )
        return (rows, answers)
    }

    /// Locks the keys and reads what is known of them. The insert locks also those that exist: nobody cleans them away.
    private func coalescing(_ keys: [String]) throws(StoreError) -> [String: Coalescing] {
        for statement in dialect.byKeysOnly { try execute(statement) }
        try execute(
            """
            insert into debounces (dkey, expires_at) select k.dkey, 0
            from \(dialect.rows("keys", [("dkey", .text)])) as k where true order by k.dkey
            on conflict (dkey) do update set dkey = excluded.dkey
            """,
            dialect.rowParameters("keys", keys.map { [.text($0)] })
        )
        let listed: SQLParameters = ["keys": .list(keys)]
        var memories: [String: Coalescing.Memory] = [:]
        for row in try query(
            """
            \(dialect.list(of: ":keys")) select dkey, last_event, last_id, generation, window_end from debounces
            where \(dialect.isListed("dkey"))
            """,
            listed
        ) {
            memories[try row.text("dkey")] = try Coalescing.Memory(row: row)
        }
        var rows: [String: Coalescing.Row] = [:]
        for row in try query(
            """
            \(dialect.list(of: ":keys")) select dkey, id, first_at, due_at, claimed_until from waiting
            where \(dialect.isListed("dkey")) order by dkey \(dialect.lock)
            """,
            listed
        ) {
            rows[try row.text("dkey")] = Coalescing.Row(
                id: try row.id("id"),
                firstAt: try row.instant("first_at"),
                due: try row.instant("due_at"),
                isClaimed: try row.optionalInt("claimed_until") != nil
            )
        }
        return memories.reduce(into: [:]) { states, known in
            states[known.key] = Coalescing(memory: known.value, row: rows[known.key])
        }
    }
}

extension Coalescing.Memory {
    fileprivate init(row: SQLRow) throws(StoreError) {
        var last: CoalescedEvent?
        if let at = try row.optionalInstant("last_event"),
            let id = try row.optionalText("last_id").flatMap({ JobID($0) })
        {
            last = CoalescedEvent(at: at, id: id)
        }
        self.init(
            last: last,
            generation: try row.optionalText("generation").flatMap { JobID($0) },
            windowEnd: try row.optionalInstant("window_end")
        )
    }
}

extension Coalescing {
    fileprivate func parameters(_ key: String, _ rule: Admission, now: Timestamp) -> SQLParameters {
        [
            "dkey": .text(key), "last_event": .instant(memory.last?.at), "last_id": .text(memory.last?.id.description),
            "generation": .text(memory.generation?.description), "window_end": .instant(memory.windowEnd),
            "expires_at": .instant(remembers(rule, now: now)),
        ]
    }
}

extension WaitingEntry {
    fileprivate func due(_ instant: Timestamp) -> WaitingEntry {
        var entry = self
        entry.due = .at(instant)
        entry.reason = .debounce
        return entry
    }
}

extension Store {
    /// Rows that a later generation took the place of while a promoter held them, and that it did not publish: their
    /// payload is not the last any more, so they go; the run that was due becomes the later one's.
    /// - Returns: how many went.
    package func settleSuperseded() async throws(StoreError) -> Int {
        try await driver.write { session throws(StoreError) in
            let rows = try session.query(
                """
                select id, version, superseded_by, due_at from waiting
                where superseded_by is not null and (claimed_until is null or claimed_until < (select now_ms()))
                order by id limit 500 \(session.dialect.skipLocked)
                """
            )
            var (pulled, gone): ([SQLParameters], [SQLParameters]) = ([], [])
            for row in rows {
                let due = SQLValue.instant(try row.instant("due_at"))
                pulled.append(["id": .text(try row.text("superseded_by")), "due": due])
                gone.append(["id": .text(try row.text("id")), "version": .int(try row.int("version"))])
            }
            try session.executeBatch(
                "update waiting set due_at = :due where id = :id and due_at > :due and claimed_until is null",
                pulled
            )
            try session.executeBatch("delete from waiting where id = :id and version = :version", gone)
            return rows.count
        }
    }

    /// Memories of keys whose last event is so long ago that nothing can come late any more. True when there may be more.
    package func forgetOldDebounces() async throws(StoreError) -> Bool {
        try await forgetExpired(of: "debounces", key: "dkey", clock: "due_ms")
    }
}
