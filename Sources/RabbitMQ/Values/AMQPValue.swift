/// One value of an AMQP field table, with the types RabbitMQ knows.
///
/// Strings are bytes: a peer may send any, valid UTF-8 or not; `text` says whether they are.
package enum AMQPValue: Sendable, Equatable {
    case bool(Bool)
    case int8(Int8)
    case int16(Int16)
    case int32(Int32)
    case int64(Int64)
    case uint8(UInt8)
    case uint16(UInt16)
    case uint32(UInt32)
    case uint64(UInt64)
    case float(Float)
    case double(Double)
    /// `value` divided by ten to the power of `scale`.
    case decimal(scale: UInt8, value: UInt32)
    case string([UInt8])
    case bytes([UInt8])
    case array([AMQPValue])
    case table(AMQPTable)
    /// Seconds since 1970, UTC.
    case timestamp(UInt64)
    case void

    package static func text(_ text: String) -> AMQPValue { .string(Array(text.utf8)) }

    /// The string, if this is one and its bytes are valid UTF-8.
    package var text: String? {
        guard case .string(let bytes) = self else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Any integer or timestamp that fits `Int64`.
    package var integer: Int64? {
        switch self {
        case .int8(let value): Int64(value)
        case .int16(let value): Int64(value)
        case .int32(let value): Int64(value)
        case .int64(let value): value
        case .uint8(let value): Int64(value)
        case .uint16(let value): Int64(value)
        case .uint32(let value): Int64(value)
        case .uint64(let value), .timestamp(let value): Int64(exactly: value)
        default: nil
        }
    }

    package var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// Bytes on the wire, the type octet included. Sums of in-memory sizes, so they cannot overflow.
    var encodedSize: Int {
        switch self {
        case .void: 1
        case .bool, .int8, .uint8: 2
        case .int16, .uint16: 3
        case .int32, .uint32, .float: 5
        case .decimal: 6
        case .int64, .uint64, .double, .timestamp: 9
        case .string(let bytes), .bytes(let bytes): 5 + bytes.count
        case .array(let values): values.reduce(5) { $0 + $1.encodedSize }
        case .table(let table): 1 + table.encodedSize
        }
    }

    /// Levels of nesting below this value; 0 for a plain one. Stops counting at `limit`.
    func depth(limit: Int) -> Int {
        guard limit > 0 else { return 0 }
        switch self {
        case .array(let values): return 1 + (values.map { $0.depth(limit: limit - 1) }.max() ?? 0)
        case .table(let table): return 1 + table.depth(limit: limit - 1)
        default: return 0
        }
    }
}

extension AMQPValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    package init(stringLiteral value: String) { self = .text(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .int64(value) }
}
