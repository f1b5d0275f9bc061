extension SQLSession {
    /// Writes the next link. The head's row is locked until the transaction ends: writers stand in line, so the chain never
    /// forks. It is the last thing a change does, so the line is short.
    func audit(_ fields: SQLParameters) throws(StoreError) {
        let row = try query("select seq, hash, (select now_ms()) as now from audit_head where id = 1 \(dialect.lock)")
        guard let row = row.first else { throw .schema("audit_head is empty: the audit cannot go on") }
        func text(_ name: String) -> String { fields[name]?.asText ?? "" }
        let unsealed = AuditEntry(
            seq: try row.int("seq") + 1,
            at: try row.instant("now"),
            operationID: text("id"),
            kind: text("kind"),
            subject: text("subject"),
            actor: text("actor"),
            reason: fields["reason"]?.asText,
            state: text("state"),
            detail: fields["detail"]?.asBytes ?? [],
            hash: ""
        )
        let hash = unsealed.expectedHash(after: try row.text("hash"))
        var link = fields
        link["seq"] = .int(unsealed.seq)
        link["hash"] = .text(hash)
        link["now"] = .instant(unsealed.at)
        try execute(
            """
            insert into audit (seq, at_ms, operation_id, kind, subject, actor, reason, state, detail, hash)
            values (:seq, :now, :id, :kind, :subject, :actor, :reason, :state, :detail, :hash)
            """,
            link
        )
        let end: SQLParameters = ["seq": .int(unsealed.seq), "hash": .text(hash)]
        try execute("update audit_head set seq = :seq, hash = :hash where id = 1", end)
    }

    fileprivate func auditPage(after seq: Int64, limit: Int) throws(StoreError) -> [AuditEntry] {
        let rows = try query(
            "\(AuditEntry.select) where seq > :after order by seq limit :limit",
            ["after": .int(seq), "limit": .int(limit)]
        )
        return try rows.map { row throws(StoreError) in try AuditEntry(row) }
    }

    fileprivate func auditHead() throws(StoreError) -> AuditHead? {
        guard let row = try query("select seq, hash from audit_head where id = 1").first else { return nil }
        let head = AuditHead(seq: try row.int("seq"), hash: try row.text("hash"))
        return head.seq > 0 ? head : nil
    }
}

extension Store {
    /// The newest first.
    package func audit(limit: Int, before: Int64? = nil) async throws(StoreError) -> [AuditEntry] {
        try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                "\(AuditEntry.select) where seq < :before order by seq desc limit :limit",
                ["before": .int(before ?? .max), "limit": .int(limit)]
            )
            return try rows.map { row throws(StoreError) in try AuditEntry(row) }
        }
    }

    /// Nil while nothing has been written.
    package func auditHead() async throws(StoreError) -> AuditHead? {
        try await driver.read { session throws(StoreError) in try session.auditHead() }
    }

    /// Looks at the whole chain, page by page, and at the operations beside it.
    /// - Parameter heads: kept outside the database; without one a cut tail with a changed head row cannot be seen.
    package func verifyAudit(against heads: Set<AuditHead>) async throws(StoreError) -> AuditReport {
        var check = AuditCheck(heads: heads)
        while true {
            let last = check.last
            let page = try await driver.read { session throws(StoreError) in
                try session.auditPage(after: last, limit: 1000)
            }
            if page.isEmpty { break }
            for entry in page { check.add(entry) }
        }
        // Read after the entries: what was written meanwhile is no fault.
        let last = check.last
        let (head, tail) = try await driver.read { session throws(StoreError) in
            let head = try session.auditHead()
            return (head, try session.auditPage(after: last, limit: .max))
        }
        for entry in tail { check.add(entry) }
        check.end(head)
        for fault in try await operationFaults() { check.note(fault) }
        return check.report
    }

    /// Operations that are not what their last entry says. Those from before the audit have none.
    private func operationFaults() async throws(StoreError) -> [AuditFault] {
        try await driver.read { session throws(StoreError) in
            let changed = try session.query(
                """
                select a.operation_id, o.id from audit as a left join operations as o on o.id = a.operation_id
                where a.seq = (select max(last.seq) from audit as last where last.operation_id = a.operation_id)
                    and (o.id is null or o.kind <> a.kind or o.subject <> a.subject or o.actor <> a.actor
                        or coalesce(o.reason, '') <> coalesce(a.reason, '')
                        or (o.state <> 'running' and (o.state <> a.state or o.detail <> a.detail)))
                order by a.seq limit 1000
                """
            )
            var faults: [AuditFault] = []
            for row in changed {
                let id = try row.text("operation_id")
                faults.append(try row.optionalText("id") == nil ? .operationMissing(id) : .operationChanged(id))
            }
            let unknown = try session.query(
                """
                select id from operations where at_ms > (select at_ms from audit where seq = 1)
                    and not exists (select 1 from audit where operation_id = operations.id) order by id limit 1000
                """
            )
            for row in unknown { faults.append(.unknownOperation(try row.text("id"))) }
            return faults
        }
    }
}

/// Follows the chain entry by entry. Pure.
struct AuditCheck {
    private static let maximumFaults = 1000

    private let heads: [Int64: Set<String>]
    private(set) var report = AuditReport()
    private(set) var last: Int64 = 0
    private var hash = ""

    init(heads: Set<AuditHead>) {
        self.heads = Dictionary(grouping: heads, by: \.seq).mapValues { Set($0.map(\.hash)) }
        report.headsCompared = heads.count
    }

    mutating func note(_ fault: AuditFault) {
        if report.faults.count < AuditCheck.maximumFaults { report.faults.append(fault) }
    }

    mutating func add(_ entry: AuditEntry) {
        report.entries += 1
        if entry.seq > last + 1 {
            note(.missing(from: last + 1, through: entry.seq - 1))
        } else if entry.hash != entry.expectedHash(after: hash) {
            note(.changed(entry.seq))
        }
        if let known = heads[entry.seq], !known.contains(entry.hash) { note(.rewritten(entry.seq)) }
        (last, hash) = (entry.seq, entry.hash)
    }

    /// - Parameter head: what the database says of itself.
    mutating func end(_ head: AuditHead?) {
        let known = max(head?.seq ?? 0, heads.keys.max() ?? 0)
        if known > last {
            note(.cutAfter(last, known: known))
        } else if let head, head != AuditHead(seq: last, hash: hash) {
            note(.changed(last))
        }
        report.head = last > 0 ? AuditHead(seq: last, hash: hash) : nil
    }
}

extension SQLValue {
    fileprivate var asText: String? { if case .text(let text) = self { text } else { nil } }
    fileprivate var asBytes: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }
}

extension AuditEntry {
    fileprivate static let select =
        "select seq, at_ms, operation_id, kind, subject, actor, reason, state, detail, hash from audit"

    fileprivate init(_ row: SQLRow) throws(StoreError) {
        seq = try row.int("seq")
        at = try row.instant("at_ms")
        operationID = try row.text("operation_id")
        kind = try row.text("kind")
        subject = try row.text("subject")
        actor = try row.text("actor")
        reason = try row.optionalText("reason")
        state = try row.text("state")
        detail = try row.bytes("detail")
        hash = try row.text("hash")
    }
}
