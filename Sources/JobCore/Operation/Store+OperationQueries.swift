/// An operation as the audit has it.
package struct OperationRecord: Sendable, Equatable {
    package let id: String
    package let kind: String
    package let subject: String
    package let actor: String
    package let reason: String?
    package let at: Timestamp
    package let state: Operation.State
    /// JSON: figures and names.
    package let detail: [UInt8]
    /// The operation that has taken it back.
    package let undoneBy: String?
}

extension Store {
    /// The newest first.
    /// - Parameter kind: a kind, or the noun before its dot; nil for all.
    package func operations(
        kind: String? = nil,
        limit: Int,
        before: Timestamp? = nil
    ) async throws(StoreError) -> [OperationRecord] {
        try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                """
                \(OperationRecord.select)
                where (:kind = '' or o.kind = :kind or o.kind like :noun escape '!') and o.at_ms < :before
                order by o.at_ms desc, o.id desc limit :limit
                """,
                [
                    "kind": .text(kind ?? ""), "noun": .text(OperationRecord.pattern(kind ?? "")),
                    "before": .int(before?.milliseconds ?? .max), "limit": .int(limit),
                ]
            )
            return try rows.map { row throws(StoreError) in try OperationRecord(row) }
        }
    }

    package func operation(_ id: String) async throws(StoreError) -> OperationRecord? {
        try await driver.read { session throws(StoreError) in try session.operation(id) }
    }
}

extension SQLSession {
    func operation(_ id: String) throws(StoreError) -> OperationRecord? {
        guard let row = try query("\(OperationRecord.select) where o.id = :id", ["id": .text(id)]).first else {
            return nil
        }
        return try OperationRecord(row)
    }
}

extension OperationRecord {
    fileprivate static let select = """
        select o.id, o.kind, o.subject, o.actor, o.reason, o.at_ms, o.state, o.detail,
            (select u.id from operations as u where u.kind = 'operation.undo' and u.subject = o.id limit 1) as undone_by
        from operations as o
        """

    fileprivate static func pattern(_ noun: String) -> String {
        noun.replacing("!", with: "!!").replacing("_", with: "!_").replacing("%", with: "!%") + ".%"
    }

    fileprivate init(_ row: SQLRow) throws(StoreError) {
        id = try row.text("id")
        kind = try row.text("kind")
        subject = try row.text("subject")
        actor = try row.text("actor")
        reason = try row.optionalText("reason")
        at = try row.instant("at_ms")
        state = Operation.State(rawValue: try row.text("state")) ?? .done
        detail = try row.bytes("detail")
        undoneBy = try row.optionalText("undone_by")
    }
}
