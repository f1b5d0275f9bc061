/// Whose a step is to do.
enum ReservedStep {
    /// This transaction's; `keepResult` follows, in the table that the row is in.
    case ours(table: String)
    /// Nobody's any more: what it gave when it was done.
    case done([UInt8])
}

/// Effects that happen once: a row for each step of a job that has been committed, in the transaction of the effect itself.
extension SQLSession {
    /// The step under which the whole job is finished. A worker's own steps never begin so.
    static var finishedStep: String { "$done" }

    /// Reserves a step. A transaction that does the same step at the same time waits here for the other's end.
    func reserve(_ step: String, of id: JobID) throws(StoreError) -> ReservedStep {
        if let result = try result(of: step, id) { return .done(result) }
        let table = TurningTables.effects.table(at: try now())
        let inserted = try execute(
            """
            insert into \(table) (job_id, step, result, at_ms)
            values (:id, :step, :result, (select now_ms())) on conflict do nothing
            """,
            ["id": .id(id), "step": .text(step), "result": .bytes([])]
        )
        if inserted > 0 { return .ours(table: table) }
        guard let result = try result(of: step, id) else { throw .busy("another run does this step") }
        return .done(result)
    }

    func keepResult(_ result: [UInt8], of step: String, _ id: JobID, in table: String) throws(StoreError) {
        try execute(
            "update \(table) set result = :result where job_id = :id and step = :step",
            ["id": .id(id), "step": .text(step), "result": .bytes(result)]
        )
    }

    func finish(_ ids: [JobID]) throws(StoreError) {
        guard !ids.isEmpty else { return }
        try executeBatch(
            """
            insert into \(TurningTables.effects.table(at: try now())) (job_id, step, result, at_ms)
            values (:id, :step, null, (select now_ms())) on conflict do nothing
            """,
            ids.map { ["id": .id($0), "step": .text(Self.finishedStep)] }
        )
    }

    /// Those that are finished, by one statement.
    func finished(among ids: Set<JobID>) throws(StoreError) -> Set<JobID> {
        guard !ids.isEmpty else { return [] }
        var finished: Set<JobID> = []
        let select = TurningTables.effects.union(
            "select job_id from",
            where: "\(dialect.isListed("job_id")) and step = :step"
        )
        let parameters: SQLParameters = ["ids": .list(ids), "step": .text(Self.finishedStep)]
        for row in try query("\(dialect.list(of: ":ids")) \(select)", parameters) {
            finished.insert(try row.id("job_id"))
        }
        return finished
    }

    private func result(of step: String, _ id: JobID) throws(StoreError) -> [UInt8]? {
        let select = TurningTables.effects.union("select result from", where: "job_id = :id and step = :step")
        return try query(select, ["id": .id(id), "step": .text(step)]).first.map { row throws(StoreError) in
            try row.bytes("result")
        }
    }
}
