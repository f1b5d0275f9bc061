extension Store {
    /// Records a change that was made outside a transaction of the store, such as the broker's topology.
    package func record(_ operation: Operation) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in try session.write(operation) }
    }
}

extension SQLSession {
    /// One row an operation: a longer one goes from `running` to its end, and nothing else of it ever changes. Its beginning
    /// and its end are links of the audit's chain; write it after the rows that it changes.
    func write(_ operation: Operation) throws(StoreError) {
        let fields: SQLParameters = [
            "id": .text(operation.id), "kind": .text(operation.kind), "subject": .scrubbed(operation.subject),
            "actor": .scrubbed(operation.actor, maximumBytes: 256),
            "reason": operation.reason.map { .scrubbed($0) } ?? .null, "state": .text(operation.state.rawValue),
            "detail": .bytes(operation.encodedDetail),
        ]
        let isNew =
            try execute(
                """
                insert into operations (id, kind, subject, actor, reason, at_ms, state, detail)
                values (:id, :kind, :subject, :actor, :reason, (select now_ms()), :state, :detail)
                on conflict (id) do nothing
                """,
                fields
            ) == 1
        if !isNew {
            let change: SQLParameters = [
                "id": .text(operation.id), "state": .text(operation.state.rawValue),
                "detail": .bytes(operation.encodedDetail),
            ]
            try execute("update operations set state = :state, detail = :detail where id = :id", change)
        }
        if isNew || operation.state != .running { try audit(fields) }
    }
}
