/// Names and types of a result, shared by all its rows.
package final class PostgresColumns: Sendable {
    package let names: [String]
    let types: [ColumnType]
    private let positions: [String: Int]

    init(names: [String], types: [ColumnType]) {
        self.names = names
        self.types = types
        // Of two columns with one name the first is found, as in libpq's PQfnumber.
        self.positions = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func position(of name: String) throws(PostgresError) -> Int {
        guard let position = positions[name] else { throw .decoding(column: name, reason: "no such column") }
        return position
    }
}
