/// Marks are written into one of four tables, in turn, a day each by the store's clock, and a table is emptied whole in
/// the middle of its rest: no row is ever deleted for its age. A mark is kept for at least a day and at most three.
enum MarkTables {
    static let names = (0..<4).map { "marks_\($0)" }

    static func table(at now: Timestamp) -> String {
        names[slot(now)]
    }

    /// Two days from now it is written again, two days ago it was written last: nobody is near it.
    static func resting(at now: Timestamp) -> String {
        names[(slot(now) + 2) % names.count]
    }

    private static func slot(_ now: Timestamp) -> Int {
        let day = now.milliseconds / 86_400_000
        return Int(((day % 4) + 4) % 4)
    }

    /// One select over all tables. Each part has its own condition, so that its key is used.
    static func union(_ select: String, where condition: String) -> String {
        names.map { condition.isEmpty ? "\(select) \($0)" : "\(select) \($0) where \(condition)" }
            .joined(separator: " union all ")
    }
}

extension Store {
    /// Empties the table whose marks are too old to matter. True when there was something in it.
    package func emptyOldMarks() async throws(StoreError) -> Bool {
        try await driver.write { session throws(StoreError) in
            let table = MarkTables.resting(at: try session.now())
            guard !(try session.query("select 1 as found from \(table) limit 1")).isEmpty else { return false }
            for statement in session.dialect.emptying(table) { try session.execute(statement) }
            return true
        }
    }
}
