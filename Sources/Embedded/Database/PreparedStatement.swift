internal import GRDB
internal import GRDBSQLite
import JobCore

/// A statement kept by its text: GRDB compiles it and owns it, the C interface binds and steps it, because GRDB's own
/// execution spends more on observation (which nothing here uses) than SQLite on a small insert.
struct PreparedStatement {
    /// Keeps the handle alive.
    private let statement: Statement
    private let names: [String]
    private var positions: [String: Int] = [:]
    private var columnCount: Int32 = -1

    var handle: OpaquePointer { statement.sqliteStatement }

    init(_ statement: Statement) throws(StoreError) {
        self.statement = statement
        let count = sqlite3_bind_parameter_count(statement.sqliteStatement)
        var names: [String] = []
        for index in 0..<count {
            guard let name = sqlite3_bind_parameter_name(statement.sqliteStatement, index + 1), name[0] == 0x3A else {
                throw .refused("parameters are bound by name (:name) only")
            }
            names.append(String(cString: name + 1))
        }
        self.names = names
    }

    /// Every name of the statement must have a value, and every value a name.
    func bind(_ parameters: SQLParameters, _ seal: PayloadSeal?) throws(StoreError) {
        for (offset, name) in names.enumerated() {
            guard let value = parameters[name] else { throw .refused("parameter :\(name) has no value") }
            let code = bind(try value.sealed(by: seal), at: Int32(offset + 1))
            guard code == SQLITE_OK else { throw .refused("parameter :\(name) cannot be bound (SQLite code \(code))") }
        }
        guard parameters.values.count == names.count else {
            let unknown = Set(parameters.values.keys).subtracting(names).sorted()
            throw .refused("no parameter :\(unknown.joined(separator: ", :")) in the statement")
        }
    }

    /// The `…64` calls take any length; SQLite itself refuses what is too long.
    private func bind(_ value: SQLValue, at index: Int32) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(handle, index)
        case .int(let number): return sqlite3_bind_int64(handle, index, number)
        case .double(let number): return sqlite3_bind_double(handle, index, number)
        case .text(var text):
            return text.withUTF8 { bytes in
                guard let start = bytes.baseAddress else {
                    return sqlite3_bind_text(handle, index, "", 0, Self.transient)
                }
                return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                    sqlite3_bind_text64(handle, index, $0, UInt64(bytes.count), Self.transient, UInt8(SQLITE_UTF8))
                }
            }
        case .bytes(let bytes), .payload(let bytes, _):
            guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(handle, index, 0) }
            return bytes.withUnsafeBytes {
                sqlite3_bind_blob64(handle, index, $0.baseAddress, UInt64($0.count), Self.transient)
            }
        }
    }

    /// SQLite copies what is bound. The C macro is a cast of −1 that Swift does not import.
    private static var transient: sqlite3_destructor_type {
        unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }

    /// Columns may change when another process migrates: SQLite then recompiles the statement by itself.
    mutating func columns() -> [String: Int] {
        let count = sqlite3_column_count(handle)
        if count != columnCount {
            columnCount = count
            positions = [:]
            for index in 0..<count {
                guard let name = sqlite3_column_name(handle, index) else { continue }
                positions[String(cString: name).lowercased()] = Int(index)
            }
        }
        return positions
    }

    func row(_ positions: [String: Int], _ seal: PayloadSeal?) -> SQLRow {
        var values: [SQLValue] = []
        values.reserveCapacity(Int(columnCount))
        for index in 0..<columnCount { values.append(value(at: index)) }
        return SQLRow(positions: positions, values: values, seal: seal)
    }

    /// Text that is not UTF-8 is repaired, never trusted: a stranger's tool may have written the row.
    private func value(at index: Int32) -> SQLValue {
        switch sqlite3_column_type(handle, index) {
        case SQLITE_INTEGER: return .int(sqlite3_column_int64(handle, index))
        case SQLITE_FLOAT: return .double(sqlite3_column_double(handle, index))
        case SQLITE_TEXT:
            guard let start = sqlite3_column_text(handle, index) else { return .text("") }
            let count = Int(sqlite3_column_bytes(handle, index))
            return .text(String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            guard let start = sqlite3_column_blob(handle, index) else { return .bytes([]) }
            return .bytes(
                [UInt8](UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, index))))
            )
        default: return .null
        }
    }
}
