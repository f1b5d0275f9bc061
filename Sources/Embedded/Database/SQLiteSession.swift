internal import GRDB
internal import GRDBSQLite
import JobCore

/// One connection's session. Confined to the thread that holds the connection; not Sendable.
final class SQLiteSession: SQLSession {
    let dialect = Dialect.sqlite
    private let database: Database
    private let connection: OpaquePointer
    private let seal: PayloadSeal?
    private var statements: [String: PreparedStatement] = [:]

    init(_ database: Database, seal: PayloadSeal?) throws(StoreError) {
        guard let connection = database.sqliteConnection else { throw .unavailable("the connection is closed") }
        self.database = database
        self.connection = connection
        self.seal = seal
    }

    var isInTransaction: Bool { sqlite3_get_autocommit(connection) == 0 }

    @discardableResult
    func execute(_ sql: String, _ parameters: SQLParameters) throws(StoreError) -> Int {
        let statement = try begin(sql, parameters)
        defer { finish(statement) }
        return try stepThrough(statement)
    }

    func query(_ sql: String, _ parameters: SQLParameters) throws(StoreError) -> [SQLRow] {
        var statement = try begin(sql, parameters)
        defer { finish(statement) }
        var rows: [SQLRow] = []
        var positions: [String: Int]?
        while true {
            switch sqlite3_step(statement.handle) {
            case SQLITE_ROW:
                let known = positions ?? statement.columns()
                positions = known
                rows.append(statement.row(known, seal))
            case SQLITE_DONE:
                return rows
            case let code:
                throw failure(code)
            }
        }
    }

    @discardableResult
    func executeBatch(_ sql: String, _ batch: [SQLParameters]) throws(StoreError) -> [Int] {
        var changes: [Int] = []
        changes.reserveCapacity(batch.count)
        for parameters in batch { changes.append(try execute(sql, parameters)) }
        return changes
    }

    /// A statement that begins or ends a transaction or savepoint, outside of what callers may do.
    func control(_ sql: String) throws(StoreError) {
        let statement = try prepared(sql)
        defer { finish(statement) }
        _ = try stepThrough(statement)
    }

    func commit() throws(StoreError) {
        let statement = try prepared("commit")
        defer { finish(statement) }
        let code = sqlite3_step(statement.handle)
        guard code != SQLITE_DONE else { return }
        let error = SQLiteFailure.mapCommit(code: sqlite3_extended_errcode(connection), message: message)
        rollBack()
        throw error
    }

    func rollBack() {
        guard isInTransaction else { return }
        try? control("rollback")
    }

    /// Raised by each commit of another connection, in this process or elsewhere.
    func dataVersion() throws(StoreError) -> Int64 {
        let statement = try prepared("pragma data_version")
        defer { finish(statement) }
        let code = sqlite3_step(statement.handle)
        guard code == SQLITE_ROW else { throw failure(code) }
        return sqlite3_column_int64(statement.handle, 0)
    }

    /// A full disk makes SQLite roll everything back by itself; what a closure would still do after swallowing that
    /// error must not become a transaction of its own.
    private func begin(_ sql: String, _ parameters: SQLParameters) throws(StoreError) -> PreparedStatement {
        guard isInTransaction else { throw .unavailable("the database has rolled the transaction back") }
        let statement = try prepared(sql)
        do {
            try statement.bind(parameters, seal)
        } catch {
            finish(statement)
            throw error
        }
        return statement
    }

    /// `sqlite3_changes` keeps its old value over statements that change no rows.
    private func stepThrough(_ statement: PreparedStatement) throws(StoreError) -> Int {
        let before = sqlite3_total_changes64(connection)
        while true {
            switch sqlite3_step(statement.handle) {
            case SQLITE_ROW: continue
            case SQLITE_DONE:
                return sqlite3_total_changes64(connection) == before ? 0 : Int(sqlite3_changes64(connection))
            case let code: throw failure(code)
            }
        }
    }

    private func prepared(_ sql: String) throws(StoreError) -> PreparedStatement {
        if let statement = statements[sql] { return statement }
        do {
            let statement = try PreparedStatement(database.makeStatement(sql: sql))
            statements[sql] = statement
            return statement
        } catch {
            throw SQLiteFailure.map(error)
        }
    }

    private func finish(_ statement: PreparedStatement) {
        sqlite3_reset(statement.handle)
        sqlite3_clear_bindings(statement.handle)
    }

    private var message: String { sqlite3_errmsg(connection).map { String(cString: $0) } ?? "unknown error" }

    private func failure(_ code: Int32) -> StoreError {
        SQLiteFailure.map(code: code, message: message)
    }
}
