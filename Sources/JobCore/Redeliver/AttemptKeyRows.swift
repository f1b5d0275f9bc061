import Foundation

/// Attempts as the rows of one parameter, for statements that take any number of them at once.
enum AttemptKeyRows {
    private static let columns: [(name: String, type: Dialect.CellType)] = [
        ("job_id", .text), ("run", .text), ("attempt", .integer), ("ready_at", .integer), ("generation", .integer),
    ]

    /// A table expression of the parameter `:keys`.
    static func table(_ dialect: Dialect) -> String { dialect.rows(":keys", columns) }

    /// The same without the generation, for `in`.
    static func select(_ dialect: Dialect) -> String { dialect.rows(":keys", Array(columns.dropLast())) }

    static func json(_ keys: some Collection<AttemptKey>) -> SQLValue {
        json(Dictionary(keys.map { ($0, 0) }, uniquingKeysWith: { first, _ in first }))
    }

    /// Each row once, also for runs that are the same after scrubbing: PostgreSQL refuses to upsert a row twice.
    static func json(_ generations: [AttemptKey: Int]) -> SQLValue {
        var rows = Set<String>()
        var text = "["
        for (key, generation) in generations {
            let row = "[\"\(key.id)\",\(string(key.run)),\(key.attempt),\(key.readyAt.milliseconds)"
            guard rows.insert(row).inserted else { continue }
            if rows.count > 1 { text += "," }
            text += "\(row),\(generation)]"
        }
        return .text(text + "]")
    }

    /// Hardly any job is a replay's, and what is in the header is a producer's word.
    private static func string(_ run: String) -> String {
        guard !run.isEmpty else { return "\"\"" }
        let scrubbed = run.scrubbed(maximumBytes: 512)
        return (try? JSONEncoder().encode(scrubbed)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}
