/// One row of a result, decoded when it was received; a plain value that may leave the connection's thread.
///
/// Each accessor throws `.decoding` for a missing column, for NULL (use the `optional…` form) and for another type.
package struct PostgresRow: Sendable {
    package let columns: PostgresColumns
    package let values: [PostgresValue]

    package func value(_ name: String) throws(PostgresError) -> PostgresValue {
        values[try columns.position(of: name)]
    }

    package func value(at index: Int) throws(PostgresError) -> PostgresValue {
        guard values.indices.contains(index) else { throw .decoding(column: "#\(index)", reason: "no such column") }
        return values[index]
    }
}

extension PostgresRow {
    /// Integers of any width, oid, timestamptz (ms since 1970), and numeric when it is whole and fits:
    /// `sum(bigint)` is numeric.
    package func int(_ name: String) throws(PostgresError) -> Int64 { try require(name, optionalInt(name)) }
    package func int(at index: Int) throws(PostgresError) -> Int64 { try require("#\(index)", optionalInt(at: index)) }
    package func optionalInt(_ name: String) throws(PostgresError) -> Int64? {
        try optionalInt(at: columns.position(of: name))
    }

    package func optionalInt(at index: Int) throws(PostgresError) -> Int64? {
        switch try value(at: index) {
        case .null: return nil
        case .int(let integer): return integer
        case .text(let text) where columns.types[index] == .numeric:
            guard let integer = Int64(text) else { throw mismatch(index, "numeric is not a whole 64-bit number") }
            return integer
        case let other: throw mismatch(index, "is \(other.typeName), not int")
        }
    }

    /// float4, float8, numeric (nearest), and integers (nearest).
    package func double(_ name: String) throws(PostgresError) -> Double { try require(name, optionalDouble(name)) }
    package func double(at index: Int) throws(PostgresError) -> Double {
        try require("#\(index)", optionalDouble(at: index))
    }
    package func optionalDouble(_ name: String) throws(PostgresError) -> Double? {
        try optionalDouble(at: columns.position(of: name))
    }

    package func optionalDouble(at index: Int) throws(PostgresError) -> Double? {
        switch try value(at: index) {
        case .null: return nil
        case .double(let double): return double
        case .int(let integer) where columns.types[index] != .timestamptz: return Double(integer)
        case .text(let text) where columns.types[index] == .numeric:
            guard let double = Double(text) else { throw mismatch(index, "numeric is not a number") }
            return double
        case let other: throw mismatch(index, "is \(other.typeName), not double")
        }
    }

    package func text(_ name: String) throws(PostgresError) -> String { try require(name, optionalText(name)) }
    package func text(at index: Int) throws(PostgresError) -> String {
        try require("#\(index)", optionalText(at: index))
    }
    package func optionalText(_ name: String) throws(PostgresError) -> String? {
        try optionalText(at: columns.position(of: name))
    }

    package func optionalText(at index: Int) throws(PostgresError) -> String? {
        switch try value(at: index) {
        case .null: return nil
        case .text(let text): return text
        case let other: throw mismatch(index, "is \(other.typeName), not text")
        }
    }

    package func bytes(_ name: String) throws(PostgresError) -> [UInt8] { try require(name, optionalBytes(name)) }
    package func bytes(at index: Int) throws(PostgresError) -> [UInt8] {
        try require("#\(index)", optionalBytes(at: index))
    }
    package func optionalBytes(_ name: String) throws(PostgresError) -> [UInt8]? {
        try optionalBytes(at: columns.position(of: name))
    }

    package func optionalBytes(at index: Int) throws(PostgresError) -> [UInt8]? {
        switch try value(at: index) {
        case .null: return nil
        case .bytes(let bytes): return bytes
        case let other: throw mismatch(index, "is \(other.typeName), not bytes")
        }
    }

    package func bool(_ name: String) throws(PostgresError) -> Bool { try require(name, optionalBool(name)) }
    package func bool(at index: Int) throws(PostgresError) -> Bool {
        try require("#\(index)", optionalBool(at: index))
    }
    package func optionalBool(_ name: String) throws(PostgresError) -> Bool? {
        try optionalBool(at: columns.position(of: name))
    }

    package func optionalBool(at index: Int) throws(PostgresError) -> Bool? {
        switch try value(at: index) {
        case .null: return nil
        case .bool(let flag): return flag
        case let other: throw mismatch(index, "is \(other.typeName), not bool")
        }
    }

    private func require<T>(_ column: String, _ value: T?) throws(PostgresError) -> T {
        guard let value else { throw .decoding(column: column, reason: "is null") }
        return value
    }

    private func mismatch(_ index: Int, _ reason: String) -> PostgresError {
        .decoding(column: columns.names.indices.contains(index) ? columns.names[index] : "#\(index)", reason: reason)
    }
}
