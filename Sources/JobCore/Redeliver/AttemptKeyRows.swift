/// Attempts as the rows of one statement.
enum AttemptKeyRows {
    private static let name = "keys"
    private static let columns: [(name: String, type: Dialect.CellType)] = [
        ("job_id", .text), ("run", .text), ("attempt", .integer), ("ready_at", .integer), ("generation", .integer),
    ]

    static func table(_ dialect: Dialect) -> String { dialect.rows(name, columns) }

    /// The key alone, for `in`.
    static func keys(_ dialect: Dialect) -> String {
        "(select job_id, run, attempt, ready_at from \(table(dialect)) as keys)"
    }

    static func parameters(_ dialect: Dialect, _ keys: [AttemptKey], worker: String? = nil) -> SQLParameters {
        parameters(dialect, keys.map { ($0, 0) }, worker: worker)
    }

    /// Each row once, also for runs that are the same after scrubbing: PostgreSQL refuses to upsert a row twice.
    static func parameters(
        _ dialect: Dialect,
        _ generations: [(AttemptKey, Int)],
        worker: String? = nil
    ) -> SQLParameters {
        var seen = Set<AttemptKey>(minimumCapacity: generations.count)
        var rows: [[SQLValue]] = []
        for (key, generation) in generations {
            let run = key.run.isEmpty ? "" : key.run.scrubbed(maximumBytes: 512)
            let stored = AttemptKey(id: key.id, run: run, attempt: key.attempt, readyAt: key.readyAt)
            guard seen.insert(stored).inserted else { continue }
            rows.append([
                .id(key.id), .text(run), .int(key.attempt), .instant(key.readyAt), .int(generation),
            ])
        }
        var parameters = dialect.rowParameters(name, rows)
        if let worker { parameters["worker"] = .text(worker) }
        return parameters
    }
}
