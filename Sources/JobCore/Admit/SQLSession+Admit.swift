/// A row of `waiting` as it is to be written.
struct WaitingRow {
    /// Of a row that stands for all events of a key.
    struct Place {
        let key: String
        let firstAt: Timestamp
        let last: Timestamp
    }

    let entry: WaitingEntry
    let address: QueueAddress
    let place: Place?

    init(_ entry: WaitingEntry, _ address: QueueAddress, _ place: Place? = nil) {
        self.entry = entry
        self.address = address
        self.place = place
    }
}

extension SQLSession {
    /// Writes what is to wait. The one gate to `waiting` for jobs that ask to be one of many or the only one; answer *i*
    /// belongs to entry *i*.
    package func wait(_ entries: [WaitingEntry]) throws(StoreError) -> [WaitAnswer] {
        var answers = [WaitAnswer](repeating: .waits, count: entries.count)
        var rows: [WaitingRow] = []
        var coalescing: [CoalescingEntry] = []
        var unique: [UniqueEntry] = []
        var routes: [String: QueueAddress?] = [:]
        for (index, entry) in entries.enumerated() {
            var found = entry.address
            if found == nil { found = try route(entry.envelope, &routes) }
            guard let address = found else {
                answers[index] = .unroutable
                continue
            }
            var bare = entry
            bare.admission = nil
            for name in HeaderName.actedOnOnce { bare.envelope.carried[name] = nil }
            switch entry.admission {
            case nil: rows.append(WaitingRow(entry, address))
            case .debounce, .throttle:
                guard let rule = entry.admission else { continue }
                coalescing.append(CoalescingEntry(index: index, entry: bare, rule: rule, address: address))
            case .unique(let key, let mode, let lasting):
                unique.append(
                    UniqueEntry(index: index, entry: bare, mode: mode, lasting: lasting, key: key, address: address)
                )
            }
        }
        for admitted in [try coalesce(coalescing), try reserve(unique)] {
            rows += admitted.rows
            for (index, answer) in admitted.answers { answers[index] = answer }
        }
        try write(rows)
        try awakenAside(entries)
        try awakenPlaced(entries)
        return answers
    }

    private func route(_ envelope: Envelope, _ known: inout [String: QueueAddress?]) throws(StoreError) -> QueueAddress?
    {
        let key = envelope.routingKey
        if let address = known[key] { return address }
        let row = try query("select queue, lane from routes where routing_key = :key", ["key": .text(key)]).first
        var address: QueueAddress?
        if let row {
            address = QueueAddress(try row.text("queue"), Lane(rawValue: try row.text("lane")) ?? .normal)
        }
        known[key] = .some(address)
        return address
    }

    private func write(_ rows: [WaitingRow]) throws(StoreError) {
        guard !rows.isEmpty else { return }
        try executeBatch(
            """
            insert into waiting (id, version, job, queue, lane, payload, headers, attempt, due_at, reason, enqueued_at,
                expires_at, dkey, first_at, last_event, last_error, operation_id)
            values (:id, 1, :job, :queue, :lane, :payload, :headers, :attempt,
                case when :relative = 1 then (select due_ms()) + :due else :due end, :reason, :enqueued_at,
                :expires_at, :dkey, coalesce(cast(:first_at as bigint), (select now_ms())), :last_event, :last_error,
                :operation_id)
            on conflict (id) do update set version = waiting.version + 1, job = excluded.job, queue = excluded.queue,
                lane = excluded.lane, payload = excluded.payload, headers = excluded.headers,
                attempt = excluded.attempt, due_at = excluded.due_at, reason = excluded.reason,
                expires_at = excluded.expires_at, dkey = excluded.dkey,
                first_at = coalesce(cast(:first_at as bigint), waiting.first_at), last_event = excluded.last_event, last_error = excluded.last_error,
                operation_id = excluded.operation_id, claimed_by = null, claimed_until = null, superseded_by = null
            """,
            rows.map(\.parameters)
        )
    }
}

extension WaitingRow {
    fileprivate var parameters: SQLParameters {
        let envelope = entry.envelope
        let (relative, milliseconds) =
            switch entry.due {
            case .at(let instant): (0, instant.bounded.milliseconds)
            case .after(let duration): (1, min(max(0, duration.milliseconds), Timestamp.latest.milliseconds))
            }
        return [
            "id": .id(envelope.id), "job": .text(envelope.job.rawValue), "queue": .text(address.queue),
            "lane": .text(address.lane.rawValue), "payload": .payload(envelope.payload, of: envelope.id),
            "headers": .bytes(HeadersCoding.encode(envelope.storedHeaders)), "attempt": .int(envelope.attempt),
            "relative": .int(relative), "due": .int(milliseconds), "reason": .text(entry.reason.rawValue),
            "enqueued_at": .instant(envelope.enqueuedAt), "expires_at": .instant(envelope.expiresAt?.bounded),
            "dkey": .text(place?.key), "first_at": .instant(place?.firstAt), "last_event": .instant(place?.last),
            "last_error": entry.lastError.map { SQLValue.scrubbed($0) } ?? .null,
            "operation_id": .text(entry.operationID),
        ]
    }
}
