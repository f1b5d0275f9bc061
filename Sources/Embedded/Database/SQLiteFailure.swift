internal import GRDB
internal import GRDBSQLite
import JobCore

/// SQLite's answers in the store's words.
enum SQLiteFailure {
    static func map(code: Int32, message: String) -> StoreError {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED:
            return .busy(message)
        case SQLITE_CONSTRAINT:
            return .constraint(constraintName(message))
        case SQLITE_FULL:
            return .unavailable("the disk is full (\(message)): make room where the file is, nothing needs a restart")
        case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_NOMEM, SQLITE_PROTOCOL:
            return .unavailable(message)
        default:
            return isSchemaMessage(message) ? .schema("\(message); run jobctl migrate apply") : .refused(message)
        }
    }

    static func map(_ error: any Error) -> StoreError {
        switch error {
        case let error as StoreError: error
        case let error as DatabaseError:
            map(code: error.extendedResultCode.rawValue, message: error.message ?? "SQLite error \(error.resultCode)")
        default: .refused("\(error)")
        }
    }

    /// An I/O error while committing may come after the commit record was written: what a crash then leaves is open.
    static func mapCommit(code: Int32, message: String) -> StoreError {
        code & 0xFF == SQLITE_IOERR ? .commitUnknown : map(code: code, message: message)
    }

    /// `UNIQUE constraint failed: waiting.dkey` → `waiting.dkey`.
    private static func constraintName(_ message: String) -> String {
        let parts = message.split(separator: " constraint failed: ", maxSplits: 1)
        return parts.count == 2 ? String(parts[1]) : message
    }

    private static func isSchemaMessage(_ message: String) -> Bool {
        message.hasPrefix("no such table") || message.hasPrefix("no such column")
            || message.contains("has no column named")
    }
}
