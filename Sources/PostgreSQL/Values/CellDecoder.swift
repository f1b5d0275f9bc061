/// One cell in the server's binary format to a value. Every length is checked: a peer may send anything.
enum CellDecoder {
    struct Malformed: Error {
        var reason: String
    }

    /// Milliseconds from 1970-01-01 to 2000-01-01, where PostgreSQL's clock starts.
    private static let epochShift: Int64 = 946_684_800_000

    static func decode(_ cell: UnsafeRawBufferPointer, as type: ColumnType) throws(Malformed) -> PostgresValue {
        switch type {
        case .bool: .bool(try integer(cell, UInt8.self) != 0)
        case .bytea: .bytes([UInt8](cell))
        case .int2: .int(Int64(try integer(cell, Int16.self)))
        case .int4: .int(Int64(try integer(cell, Int32.self)))
        case .int8: .int(try integer(cell, Int64.self))
        case .oid: .int(Int64(try integer(cell, UInt32.self)))
        case .float4: .double(Double(Float(bitPattern: try integer(cell, UInt32.self))))
        case .float8: .double(Double(bitPattern: try integer(cell, UInt64.self)))
        case .text: .text(try text(cell))
        case .jsonb: .text(try jsonb(cell))
        case .uuid: .text(try uuid(cell))
        case .numeric: .text(try NumericDecoder.decode(cell))
        case .timestamptz: .int(try timestamp(cell))
        case .void: .null
        }
    }

    static func integer<T: FixedWidthInteger>(_ cell: UnsafeRawBufferPointer, _: T.Type) throws(Malformed) -> T {
        guard cell.count == MemoryLayout<T>.size else { throw Malformed(reason: "\(cell.count) bytes for \(T.self)") }
        return T(bigEndian: cell.loadUnaligned(as: T.self))
    }

    private static func text(_ cell: UnsafeRawBufferPointer) throws(Malformed) -> String {
        // A database in SQL_ASCII may hold anything; repairing it silently would change data.
        guard let text = String(validating: cell, as: UTF8.self) else { throw Malformed(reason: "not valid UTF-8") }
        return text
    }

    private static func jsonb(_ cell: UnsafeRawBufferPointer) throws(Malformed) -> String {
        guard cell.first == 1 else { throw Malformed(reason: "unknown jsonb version") }
        return try text(UnsafeRawBufferPointer(rebasing: cell.dropFirst()))
    }

    private static func uuid(_ cell: UnsafeRawBufferPointer) throws(Malformed) -> String {
        guard cell.count == 16 else { throw Malformed(reason: "\(cell.count) bytes for uuid") }
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (position, byte) in cell.enumerated() {
            if position == 4 || position == 6 || position == 8 || position == 10 { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func timestamp(_ cell: UnsafeRawBufferPointer) throws(Malformed) -> Int64 {
        let microseconds = try integer(cell, Int64.self)
        guard microseconds != .max, microseconds != .min else { throw Malformed(reason: "timestamp is infinite") }
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1000)
        return (remainder < 0 ? quotient - 1 : quotient) + epochShift
    }
}
