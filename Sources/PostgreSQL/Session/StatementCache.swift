/// The statements prepared on one connection, by SQL text; the least recently used one goes first.
///
/// An entry remembers the parameter types it was declared with. NULL fits any; a call that brings another type gets
/// the statement declared anew with what both have said.
struct StatementCache {
    struct Entry {
        let name: String
        let types: [ParameterType?]
        /// Known after the first execution. They cannot change under a prepared statement: the server would refuse it.
        var columns: PostgresColumns?
        fileprivate var lastUse: UInt64
    }

    enum Lookup: Equatable {
        case prepared(name: String, types: [ParameterType?])
        /// Deallocate what is in the way, then prepare, then `insert`.
        case prepare(name: String, types: [ParameterType?], deallocate: String?)
    }

    private var entries: [String: Entry] = [:]
    private let capacity: Int
    private var uses: UInt64 = 0
    private var names: UInt64 = 0

    init(capacity: Int = 256) {
        self.capacity = capacity
    }

    var count: Int { entries.count }

    mutating func find(_ sql: String, types wanted: [ParameterType?]) -> Lookup {
        uses += 1
        if let entry = entries[sql] {
            if Self.fits(wanted, entry.types) {
                entries[sql]?.lastUse = uses
                return .prepared(name: entry.name, types: entry.types)
            }
            return .prepare(name: nextName(), types: Self.merged(wanted, entry.types), deallocate: forget(sql))
        }
        let oldest = entries.count < capacity ? nil : entries.min { $0.value.lastUse < $1.value.lastUse }
        return .prepare(name: nextName(), types: wanted, deallocate: oldest.flatMap { forget($0.key) })
    }

    mutating func insert(_ sql: String, name: String, types: [ParameterType?]) {
        entries[sql] = Entry(name: name, types: types, columns: nil, lastUse: uses)
    }

    func columns(of sql: String) -> PostgresColumns? { entries[sql]?.columns }

    mutating func remember(_ columns: PostgresColumns, of sql: String) { entries[sql]?.columns = columns }

    /// The name to deallocate on the server, nil when there was none.
    @discardableResult
    mutating func forget(_ sql: String) -> String? { entries.removeValue(forKey: sql)?.name }

    /// After someone's DISCARD ALL nothing is left on the server.
    mutating func forgetAll() { entries.removeAll() }

    private mutating func nextName() -> String {
        names += 1
        return "s\(names)"
    }

    private static func fits(_ wanted: [ParameterType?], _ declared: [ParameterType?]) -> Bool {
        wanted.count == declared.count
            && zip(wanted, declared).allSatisfy { wanted, declared in
                wanted == nil || wanted == declared || (wanted == .inferred && declared == nil)
            }
    }

    private static func merged(_ wanted: [ParameterType?], _ declared: [ParameterType?]) -> [ParameterType?] {
        guard wanted.count == declared.count else { return wanted }
        return zip(wanted, declared).map { $0 ?? $1 }
    }
}
