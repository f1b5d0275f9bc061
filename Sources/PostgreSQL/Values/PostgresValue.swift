/// One parameter or one result cell.
///
/// As a parameter, `int`, `double`, `bool` and `bytes` are declared to the server as int8, float8, bool and bytea and
/// travel in binary; they are then cast like any expression of that type (an int8 may be stored in an int4 or numeric
/// column). `text` is declared as unknown, like a quoted literal: its type comes from where it stands, so it serves
/// for text, uuid, jsonb, timestamptz and arrays alike. `null` takes the type other calls of the statement have
/// given it. Where the server cannot infer a type (`INSERT … SELECT $1`, `jsonb_build_object('k', $1)`), write
/// `CAST($1 AS bigint)`.
package enum PostgresValue: Sendable, Equatable {
    case null
    case int(Int64)
    case double(Double)
    /// UTF-8 without NUL, which PostgreSQL cannot store in text.
    case text(String)
    case bytes([UInt8])
    case bool(Bool)
}

extension PostgresValue {
    var typeName: String {
        switch self {
        case .null: "null"
        case .int: "int"
        case .double: "double"
        case .text: "text"
        case .bytes: "bytes"
        case .bool: "bool"
        }
    }
}
