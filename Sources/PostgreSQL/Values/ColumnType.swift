/// The result types this client decodes. All columns travel in binary format (a 1 MiB bytea would double as hex text),
/// so a type must be known here; every other one is answered with `.unsupportedType` and can be cast in the SQL.
enum ColumnType: Sendable {
    case bool, bytea, int2, int4, int8, oid, float4, float8
    /// text, varchar, char(n), "char", name, json, xml, unknown: UTF-8 as it is.
    case text
    case jsonb
    /// Decoded to its text, with hyphens.
    case uuid
    /// Decoded to its decimal text, exact.
    case numeric
    /// Decoded to `.int`, milliseconds since 1970-01-01 UTC, rounded down.
    case timestamptz
    /// The result of a function that returns nothing; decoded to `.null`.
    case void

    init?(oid: UInt32) {
        switch oid {
        case 16: self = .bool
        case 17: self = .bytea
        case 20: self = .int8
        case 21: self = .int2
        case 23: self = .int4
        case 26: self = .oid
        case 18, 19, 25, 114, 142, 705, 1042, 1043: self = .text
        case 700: self = .float4
        case 701: self = .float8
        case 1184: self = .timestamptz
        case 1700: self = .numeric
        case 2278: self = .void
        case 2950: self = .uuid
        case 3802: self = .jsonb
        default: return nil
        }
    }
}
