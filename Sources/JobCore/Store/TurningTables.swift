/// Four tables that take turns by the store's clock, so that no row is ever deleted for its age: each is written for one
/// turn, rests, and is emptied whole in the middle of its rest. A row is kept for one turn at least and three at most.
struct TurningTables: Sendable {
    /// What attempts leave behind: a turn is a day.
    static let marks = TurningTables(name: "marks", days: 1)
    /// Effects that are to happen once, kept 8 to 24 days: longer than a manifest may ask for.
    static let effects = TurningTables(name: "effects", days: 8)

    let names: [String]
    private let turn: Int64

    private init(name: String, days: Int64) {
        names = (0..<4).map { "\(name)_\($0)" }
        turn = days * 86_400_000
    }

    func table(at now: Timestamp) -> String {
        names[slot(now)]
    }

    /// Two turns from now it is written again, two turns ago it was written last: nobody is near it.
    func resting(at now: Timestamp) -> String {
        names[(slot(now) + 2) % names.count]
    }

    private func slot(_ now: Timestamp) -> Int {
        let count = Int64(names.count)
        return Int(((now.milliseconds / turn % count) + count) % count)
    }

    /// One select over all tables. Each part has its own condition, so that its key is used; of the four, two or three
    /// are empty at any time, and cost one look.
    func union(_ select: String, where condition: String) -> String {
        names.map {
            condition.isEmpty ? "\(select) \($0)" : "\(select) \($0) where \(TurningTables.filled($0)) and \(condition)"
        }
        .joined(separator: " union all ")
    }

    /// A condition that is decided once for a table, before any of its keys is looked up.
    static func filled(_ table: String) -> String { "exists (select 1 from \(table) as any_row)" }
}

extension Store {
    /// Empties the tables whose rows are too old to matter. True when there was something in one.
    package func emptyOldTurns() async throws(StoreError) -> Bool {
        var found = false
        for tables in [TurningTables.marks, .effects] {
            let emptied = try await driver.write { session throws(StoreError) in
                let table = tables.resting(at: try session.now())
                guard !(try session.query("select 1 as found from \(table) limit 1")).isEmpty else { return false }
                for statement in session.dialect.emptying(table) { try session.execute(statement) }
                return true
            }
            found = found || emptied
        }
        return found
    }
}
