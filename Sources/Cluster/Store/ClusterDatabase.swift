package import JobCore
package import Logging
import PostgreSQL

/// PostgreSQL as the store's driver. Everything lives in one schema, `jobs` after the prefix.
package final class ClusterDatabase: StoreDriver {
    package let dialect = Dialect.postgres
    /// Host, port, database and user; never the password.
    package let display: String
    private let pool: PostgresPool
    private let schema: String
    private let cache = NamedSQLCache()
    private let seal: PayloadSeal?

    /// - Parameters:
    ///   - url: `postgres://…`; the error names what is wrong and never quotes the password.
    ///   - prefix: `JOBS_PREFIX`, put before the schema's name.
    ///   - connections: threads and connections of the pool.
    ///   - clock: what `due_ms()` makes of the server's.
    ///   - seal: encrypts payloads; nil leaves them as they are.
    package init(
        url: String,
        prefix: String,
        connections: Int = 4,
        clock: ScheduleClock = .real,
        seal: PayloadSeal? = nil,
        logger: Logger
    ) throws(StoreError) {
        var configuration: PostgresConfiguration
        do {
            configuration = try PostgresConfiguration(url: url)
        } catch {
            throw .refused(error.description)
        }
        schema = prefix + "jobs"
        self.seal = seal
        configuration.searchPath = [schema]
        configuration.poolSize = connections
        if let setting = clock.setting { configuration.settings["jobs.test_clock"] = setting }
        display = "\(configuration)"
        pool = PostgresPool(configuration, logger: logger)
    }

    package func close() async {
        await pool.shutdown()
    }

    @discardableResult
    package func write<T: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        try await transaction(readOnly: false, body)
    }

    package func read<T: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        try await transaction(readOnly: true, body)
    }

    /// One migrator at a time, however many start: the advisory lock goes with the transaction.
    package func migrate(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> Void
    ) async throws(StoreError) {
        let schema = schema
        try await transaction(readOnly: false) { session throws(StoreError) in
            _ = try session.query(
                "select cast(pg_advisory_xact_lock(hashtext(:name)) as text) as locked",
                ["name": .text(schema)]
            )
            try session.execute("create schema if not exists \"\(schema)\"")
            try body(session)
        }
    }

    private func transaction<T: Sendable>(
        readOnly: Bool,
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        let (cache, seal) = (cache, seal)
        do {
            return try await pool.transaction(readOnly: readOnly) { session in
                try body(ClusterSession(session: session, cache: cache, seal: seal))
            }
        } catch {
            throw StoreError(error)
        }
    }
}
