import Foundation
import Logging
import PostgreSQL
import Testing

/// The real server the tests run against, and a schema of its own for each test.
enum TestDatabase {
    struct Missing: Error, CustomStringConvertible {
        let description = """
            JOBS_TEST_POSTGRES_URL is not set. Install PostgreSQL 15 (apt-get install postgresql-15 libpq-dev), create \
            a database, and set it to postgres://USER:PASSWORD@HOST:PORT/DATABASE (a superuser: tests end sessions).
            """
    }

    static func url() throws -> String {
        guard let url = ProcessInfo.processInfo.environment["JOBS_TEST_POSTGRES_URL"], !url.isEmpty else {
            throw Missing()
        }
        return url
    }

    static func configuration() throws -> PostgresConfiguration {
        try PostgresConfiguration(url: url())
    }

    /// A pool whose search path is a fresh schema, dropped at the end.
    static func withPool<T>(
        size: Int = 4,
        maximumWaiters: Int = 1_000,
        _ body: (PostgresPool) async throws -> T
    ) async throws -> T {
        let schema = "t_" + UUID().uuidString.lowercased().replacing("-", with: "")
        var configuration = try configuration()
        configuration.poolSize = size
        configuration.searchPath = [schema]
        configuration.maximumWaiters = maximumWaiters
        let pool = PostgresPool(configuration, logger: quiet)
        try await pool.withSession { try $0.executeScript("CREATE SCHEMA \(schema)") }
        let result: Result<T, any Error>
        do { result = .success(try await body(pool)) } catch { result = .failure(error) }
        await pool.shutdown()
        let broom = PostgresPool(try self.configuration(), logger: quiet)
        try await broom.withSession { try $0.executeScript("DROP SCHEMA IF EXISTS \(schema) CASCADE") }
        await broom.shutdown()
        return try result.get()
    }

    static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }
}

/// The error a call threw, or nil when it threw none.
func failure<T>(_ body: () async throws(PostgresError) -> T) async -> PostgresError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

extension PostgresError {
    var sqlState: String? {
        guard case .server(let error) = self else { return nil }
        return error.sqlState
    }
}
