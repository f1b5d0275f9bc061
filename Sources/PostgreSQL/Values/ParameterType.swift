/// The type a parameter is declared with when its statement is prepared; raw values are the server's type oids.
enum ParameterType: UInt32, Sendable {
    /// Left to the server, as for a quoted literal.
    case inferred = 0
    case bool = 16
    case bytea = 17
    case int8 = 20
    case float8 = 701

    /// Nil for `null`, which fits every declaration.
    init?(_ value: PostgresValue) {
        switch value {
        case .null: return nil
        case .int: self = .int8
        case .double: self = .float8
        case .text: self = .inferred
        case .bytes: self = .bytea
        case .bool: self = .bool
        }
    }
}

extension ParameterType {
    /// One declaration for all rows of a batch. Rows that differ in kind meet at float8 for numbers, and otherwise
    /// at `inferred`, where every value is sent as text.
    static func common(to rows: [[PostgresValue]]) -> [ParameterType?] {
        guard let first = rows.first else { return [] }
        var types = first.map { ParameterType($0) }
        for row in rows.dropFirst() {
            for (position, value) in row.enumerated() where position < types.count {
                guard let type = ParameterType(value), type != types[position] else { continue }
                types[position] = types[position].map { meet($0, type) } ?? type
            }
        }
        return types
    }

    private static func meet(_ one: ParameterType, _ other: ParameterType) -> ParameterType {
        let numbers: Set<ParameterType> = [.int8, .float8]
        return numbers.contains(one) && numbers.contains(other) ? .float8 : .inferred
    }
}
