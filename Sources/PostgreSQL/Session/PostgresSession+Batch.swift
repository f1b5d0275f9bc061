import CPostgreSQL

extension PostgresSession {
    /// Runs one statement once per row of parameters, in one round trip (libpq's pipeline mode).
    ///
    /// All or nothing: the first error is thrown and no row of the batch takes effect; outside a transaction the batch
    /// is one. Memory: the encoded batch and its results are held at once.
    /// - Returns: rows affected by each.
    @discardableResult
    package func executeBatch(
        _ sql: String,
        _ rows: [[PostgresValue]],
        timeout: Duration? = nil
    ) throws(PostgresError) -> [Int] {
        try batch(sql, rows, limit(timeout)) { result in result.affectedRows }
    }

    /// As `executeBatch`, with the rows each execution returned.
    package func queryBatch(
        _ sql: String,
        _ rows: [[PostgresValue]],
        timeout: Duration? = nil
    ) throws(PostgresError) -> [[PostgresRow]] {
        try batch(sql, rows, limit(timeout)) { (result) throws(PostgresError) in
            try result.decodeRows(self.columns(of: sql, result))
        }
    }

    private func batch<T>(
        _ sql: String,
        _ rows: [[PostgresValue]],
        _ limit: StatementLimit,
        _ decode: (borrowing ResultHandle) throws(PostgresError) -> T
    ) throws(PostgresError) -> [T] {
        guard let first = rows.first else { return [] }
        // Checked before the first byte leaves: a batch must not stop in its middle.
        for row in rows {
            guard row.count == first.count else { throw .parameter("rows of one batch differ in length") }
            try ParameterEncoder.check(row)
        }
        let types = ParameterType.common(to: rows)
        return try withFreshStatement(sql) { () throws(PostgresError) in
            let statement = try self.prepare(sql, types, limit)
            try self.checkReady(limit)
            guard PQenterPipelineMode(self.handle.pointer) == 1 else { throw self.lost() }
            for row in rows {
                self.encoder.load(row, declaredAs: statement.types)
                guard self.sendPrepared(statement.name) == 1 else { throw self.lost() }
            }
            guard PQpipelineSync(self.handle.pointer) == 1 else { throw self.lost() }
            let outcome = try self.collect(rows.count, limit, decode)
            guard PQexitPipelineMode(self.handle.pointer) == 1 else { throw self.lost() }
            return try outcome.get()
        }
    }

    /// Reads to the end of the pipeline, also past an error, so that the connection stays usable.
    /// - Throws: only when the connection is lost.
    private func collect<T>(
        _ count: Int,
        _ limit: StatementLimit,
        _ decode: (borrowing ResultHandle) throws(PostgresError) -> T
    ) throws(PostgresError) -> Result<[T], PostgresError> {
        var values: [T] = []
        values.reserveCapacity(count)
        var refusal: PostgresError?
        var endsInARow = 0
        while true {
            guard let result = try nextResult(limit) else {
                // One nil ends each statement; two in a row mean that nothing more will come.
                endsInARow += 1
                guard endsInARow < 2 else { throw lost() }
                continue
            }
            endsInARow = 0
            switch result.status {
            case PGRES_PIPELINE_SYNC:
                return refusal.map { .failure($0) } ?? .success(values)
            case PGRES_PIPELINE_ABORTED:
                continue
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                guard refusal == nil else { continue }
                do throws(PostgresError) { values.append(try decode(result)) } catch { refusal = error }
            default:
                let error = result.isCopy ? .unexpected("COPY is not supported") : describe(result)
                if result.isCopy { markLost(error) }
                guard failure == nil else { throw error }
                refusal = refusal ?? error
            }
        }
    }
}
