import JobCore

/// What each role may do with the tables of the store: group roles of PostgreSQL, made from this list alone.
struct DatabaseGrants: Sendable {
    enum Privilege: String, Sendable, CaseIterable { case select, insert, update, delete }

    /// Nobody but an admin sees these: hashes of keys.
    private static let secret: Set = ["api_keys"]
    /// A viewer sees the table without these columns: payloads have personal data.
    private static let hidden: [String: Set<String>] = ["waiting": ["payload"], "dead_letters": ["payload"]]
    /// A viewer does not see these at all: bodies, and what families keep.
    private static let unseen: Set = ["letter_originals", "enqueue_requests", "checkpoints"]
    /// What an operator's verbs write. The audit is only added to.
    private static let changed: [String: Set<Privilege>] = {
        let all: Set<Privilege> = [.insert, .update, .delete]
        let tables = [
            "waiting", "dead_letters", "letter_originals", "replays", "queue_controls", "breakers", "breaker_counts",
            "limit_settings", "limit_states", "limit_slots", "alerts", "alert_silences", "unique_keys", "debounces",
            "schedules", "schedule_fires", "queue_heads", "queue_counts", "flow_samples",
        ]
        var changed = Dictionary(uniqueKeysWithValues: tables.map { ($0, all) })
        changed["workers"] = [.update]
        changed["operations"] = [.insert, .update]
        changed["audit"] = [.insert]
        changed["audit_head"] = [.update]
        return changed
    }()

    /// Of a table of the platform's, as the catalogue has it.
    struct Table: Sendable, Equatable {
        let name: String
        let columns: [String]
        /// False for tables of job families: only an admin's.
        let isPlatforms: Bool
    }

    let schema: String

    func group(_ role: OperatorRole) -> String { "\(schema)_\(role.rawValue)" }

    /// The statements that make a group role what it is to be; all of them can be repeated.
    func statements(_ role: OperatorRole, _ tables: [Table]) -> [String] {
        let name = quoted(group(role))
        var statements = ["grant usage on schema \(quoted(schema)) to \(name)"]
        if role == .admin {
            statements = [
                "grant all on schema \(quoted(schema)) to \(name)",
                "grant all on all tables in schema \(quoted(schema)) to \(name)",
            ]
            return statements
        }
        for table in tables {
            let target = "\(quoted(schema)).\(quoted(table.name))"
            for (privileges, columns) in grants(role, table) {
                let list = columns.map { " (" + $0.map(quoted).joined(separator: ", ") + ")" } ?? ""
                let words = privileges.map { $0.rawValue + list }.joined(separator: ", ")
                statements.append("grant \(words) on \(target) to \(name)")
            }
        }
        return statements
    }

    /// Privileges on one table, and the columns where it is not all of them.
    func grants(_ role: OperatorRole, _ table: Table) -> [(privileges: [Privilege], columns: [String]?)] {
        switch role {
        case .admin: return [(Privilege.allCases, nil)]
        case .oper:
            guard table.isPlatforms, !DatabaseGrants.secret.contains(table.name) else { return [] }
            let changes = DatabaseGrants.changed[table.name] ?? []
            return [(Privilege.allCases.filter { $0 == .select || changes.contains($0) }, nil)]
        case .viewer:
            guard table.isPlatforms, !DatabaseGrants.secret.union(DatabaseGrants.unseen).contains(table.name) else {
                return []
            }
            guard let hidden = DatabaseGrants.hidden[table.name] else { return [([.select], nil)] }
            return [([.select], table.columns.filter { !hidden.contains($0) })]
        }
    }

    func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }
}
