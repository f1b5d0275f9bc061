import CPostgreSQL
import Logging

/// One connection, seen from inside a call of `PostgresPool`: synchronous, confined to the connection's own thread,
/// and of no use after the call.
///
/// Parameters stand as `$1`, `$2`… and are described at `PostgresValue`. Every parameterised statement is prepared once
/// per connection and kept (256, least recently used goes first), so SQL texts should be few and constant. Each
/// statement ends by its own time limit (`timeout`, by default the configuration's 10 s) or the call's deadline,
/// whichever is first; a statement that does not is cancelled and costs the connection.
package final class PostgresSession {
    let handle: ConnectionHandle
    let logger: Logger
    private let statementTimeout: Duration
    /// End of the call in progress; set by the pool.
    var callDeadline: ContinuousClock.Instant = .now
    /// Why the connection is lost; nothing can be sent any more.
    private(set) var failure: PostgresError?
    /// Of the transaction in progress: what the server refused last.
    var lastServerError: PostgresServerError?
    var cache = StatementCache()
    var encoder = ParameterEncoder()

    /// Connects; blocks until the limit at most (and the resolver's own).
    init(
        opening configuration: PostgresConfiguration,
        until limit: ContinuousClock.Instant,
        logger: Logger
    ) throws(ConnectFailure) {
        handle = try ConnectAttempt.open(configuration, until: limit, logger: logger)
        self.logger = logger
        statementTimeout = configuration.statementTimeout
        callDeadline = limit
        do {
            try executeScript(configuration.preamble)
        } catch {
            throw .unavailable(error.description)
        }
    }

    /// - Returns: rows affected; 0 for commands that count none.
    @discardableResult
    package func execute(
        _ sql: String,
        _ parameters: [PostgresValue] = [],
        timeout: Duration? = nil
    ) throws(PostgresError) -> Int {
        try run(sql, parameters, limit(timeout)).affectedRows
    }

    /// - Returns: all rows at once, decoded; empty for a command that returns none.
    /// - Throws: among others `.unsupportedType` and `.decoding`; the statement took effect then, unless a transaction
    ///   is rolled back for it.
    package func query(
        _ sql: String,
        _ parameters: [PostgresValue] = [],
        timeout: Duration? = nil
    ) throws(PostgresError) -> [PostgresRow] {
        let result = try run(sql, parameters, limit(timeout))
        return try result.decodeRows(columns(of: sql, result))
    }

    /// Several statements without parameters, separated by semicolons; results are dropped. Outside a transaction they
    /// are one, unless the text holds its own BEGIN. For migrations.
    package func executeScript(_ sql: String, timeout: Duration? = nil) throws(PostgresError) {
        _ = try command(sql, limit(timeout))
    }

    func limit(_ timeout: Duration?) -> StatementLimit {
        StatementLimit(timeout: timeout ?? statementTimeout, callDeadline: callDeadline)
    }

    func markLost(_ reason: PostgresError) {
        if failure == nil { failure = reason }
    }
}

@available(*, unavailable)
extension PostgresSession: Sendable {}

extension PostgresSession {
    private func run(
        _ sql: String,
        _ parameters: [PostgresValue],
        _ limit: StatementLimit
    ) throws(PostgresError) -> ResultHandle {
        try ParameterEncoder.check(parameters)
        let types = parameters.map { ParameterType($0) }
        return try withFreshStatement(sql) { () throws(PostgresError) in
            let statement = try self.prepare(sql, types, limit)
            self.encoder.load(parameters, declaredAs: statement.types)
            return try self.roundTrip(limit) { self.sendPrepared(statement.name) }
        }
    }

    /// Runs the body again when its prepared statement turned out to be stale and nothing was lost by that: inside a
    /// transaction the transaction has failed, and only its owner can run it again.
    func withFreshStatement<T: ~Copyable>(
        _ sql: String,
        _ body: () throws(PostgresError) -> T
    ) throws(PostgresError) -> T {
        do {
            return try body()
        } catch .server(let error) where error.isStaleStatement {
            // 26000 comes after DISCARD ALL or a proxy's doing: then no name is left.
            if error.sqlState == "26000" { cache.forgetAll() } else { forget(sql) }
            guard transactionStatus == PQTRANS_IDLE else { throw .server(error) }
            return try body()
        }
    }

    func prepare(
        _ sql: String,
        _ types: [ParameterType?],
        _ limit: StatementLimit
    ) throws(PostgresError) -> (name: String, types: [ParameterType?]) {
        switch cache.find(sql, types: types) {
        case .prepared(let name, let types):
            return (name, types)
        case .prepare(let name, let types, let obsolete):
            guard !sql.utf8.contains(0) else { throw .parameter("the SQL has a NUL in it") }
            if let obsolete { _ = try command("DEALLOCATE \(obsolete)", limit) }
            let oids = types.map { ($0 ?? .inferred).rawValue }
            _ = try roundTrip(limit) { PQsendPrepare(handle.pointer, name, sql, Int32(oids.count), oids) }
            cache.insert(sql, name: name, types: types)
            return (name, types)
        }
    }

    func sendPrepared(_ name: String) -> Int32 {
        encoder.withPointers { count, values, lengths, formats in
            PQsendQueryPrepared(handle.pointer, name, count, values, lengths, formats, 1)
        }
    }

    func columns(of sql: String, _ result: borrowing ResultHandle) throws(PostgresError) -> PostgresColumns {
        if let known = cache.columns(of: sql) { return known }
        let columns = try result.decodeColumns()
        cache.remember(columns, of: sql)
        return columns
    }

    /// The simple protocol: no parameters, not prepared.
    func command(_ sql: String, _ limit: StatementLimit) throws(PostgresError) -> ResultHandle {
        guard !sql.utf8.contains(0) else { throw .parameter("the SQL has a NUL in it") }
        return try roundTrip(limit) { PQsendQuery(handle.pointer, sql) }
    }

    private func forget(_ sql: String) {
        guard let name = cache.forget(sql), transactionStatus == PQTRANS_IDLE else { return }
        _ = try? command("DEALLOCATE \(name)", limit(nil))
    }
}
