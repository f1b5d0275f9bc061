/// A unique entry on its way.
struct UniqueEntry {
    let index: Int
    let entry: WaitingEntry
    let mode: UniqueMode
    let lasting: Duration
    let key: String
    let address: QueueAddress

    /// Names hold no spaces: the first one ends the job's.
    var name: String { "\(entry.envelope.job) \(key)" }
}

extension SQLSession {
    /// Takes keys for those that are first, and says of the others whose the key is. The row that a job waits in is part of
    /// the same transaction, so a key never outlives a crash without its job.
    func reserve(_ entries: [UniqueEntry]) throws(StoreError) -> (rows: [WaitingRow], answers: [Int: WaitAnswer]) {
        guard !entries.isEmpty else { return ([], [:]) }
        let byName = Dictionary(grouping: entries, by: \.name)
        let names = byName.keys.sorted()
        for statement in dialect.byKeysOnly { try execute(statement) }
        try execute(
            """
            insert into unique_keys (name, owner, mode, at_ms, expires_at)
            select k.name, k.owner, k.mode, (select now_ms()), (select now_ms()) + k.lasting
            from \(dialect.rows("keys", [("name", .text), ("owner", .text), ("mode", .text), ("lasting", .integer)])) as k
            where true order by k.name
            on conflict (name) do update set owner = excluded.owner, mode = excluded.mode, at_ms = excluded.at_ms,
                expires_at = excluded.expires_at
            where unique_keys.expires_at <= (select now_ms()) or unique_keys.owner = excluded.owner
            """,
            dialect.rowParameters(
                "keys",
                names.compactMap { name in
                    byName[name]?.first.map { first in
                        [
                            .text(name), .id(first.entry.envelope.id), .text(first.mode.rawValue),
                            .int(first.lasting.milliseconds),
                        ]
                    }
                }
            )
        )
        var owners: [String: JobID] = [:]
        for row in try query(
            "\(dialect.list(of: ":keys")) select name, owner from unique_keys where \(dialect.isListed("name"))",
            ["keys": .list(names)]
        ) {
            owners[try row.text("name")] = try row.id("owner")
        }
        var rows: [WaitingRow] = []
        var answers: [Int: WaitAnswer] = [:]
        for name in names {
            guard let owner = owners[name], let asking = byName[name] else { continue }
            var isTaken = false
            for unique in asking {
                guard unique.entry.envelope.id == owner else {
                    answers[unique.index] = .duplicate(of: owner)
                    continue
                }
                answers[unique.index] = .waits
                if !isTaken { rows.append(WaitingRow(unique.entry.reserved(unique.key, unique.mode), unique.address)) }
                isTaken = true
            }
        }
        return (rows, answers)
    }

    /// The jobs have ended, however: their keys are free, but for those that last for a time of their own.
    package func freeUnique(ownedBy ids: [JobID]) throws(StoreError) {
        guard !ids.isEmpty else { return }
        try executeBatch(
            "delete from unique_keys where owner = :id and mode <> 'window'",
            ids.map { ["id": .id($0)] }
        )
    }
}

extension Store {
    /// A job that is unique until it starts is about to.
    package func freeUnique(startedBy id: JobID) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            try session.execute(
                "delete from unique_keys where owner = :id and mode = 'until_started'",
                ["id": .id(id)]
            )
        }
    }

    /// Keys whose time has passed. True when there may be more.
    package func forgetOldUniqueKeys() async throws(StoreError) -> Bool {
        try await forgetExpired(of: "unique_keys", key: "name")
    }
}

extension WaitingEntry {
    /// Its outcome must be recorded, since it frees the key.
    fileprivate func reserved(_ key: String, _ mode: UniqueMode) -> WaitingEntry {
        var entry = self
        entry.envelope.origin = "\(Envelope.uniqueOrigin)\(key)"
        entry.envelope.carried[HeaderName.freesAtStart] = mode == .untilStarted ? .bool(true) : nil
        return entry
    }
}

extension Envelope {
    static let uniqueOrigin = "unique:"
}
