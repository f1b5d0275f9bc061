import Foundation
import PostgreSQL
import Testing

@Suite(.serialized) struct `When the connection fails, a pool` {
    @Test func `reports a terminated session and replaces it`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            let killer = PostgresPool(try TestDatabase.configuration(), logger: TestDatabase.quiet)
            let (pids, started) = AsyncStream.makeStream(of: Int64.self)
            async let victim = failure { () throws(PostgresError) in
                try await pool.withSession { session in
                    started.yield(try session.query("SELECT pg_backend_pid() AS p")[0].int("p"))
                    return try session.query("SELECT pg_sleep(30)").count
                }
            }
            for await pid in pids {
                _ = try await killer.withSession { try $0.query("SELECT pg_terminate_backend($1::int4)", [.int(pid)]) }
                break
            }
            let error = await victim
            #expect(error?.label == "connection")
            #expect(error?.isRetryable == true)
            let answers = try await pool.answers()
            #expect(answers)
            await killer.shutdown()
        }
    }

    @Test func `notices an idle connection that was closed before it hands it out`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            let pid = try await pool.rows("SELECT pg_backend_pid() AS p")[0].int("p")
            let killer = PostgresPool(try TestDatabase.configuration(), logger: TestDatabase.quiet)
            _ = try await killer.withSession {
                try $0.query("SELECT pg_terminate_backend($1::int4, 5000)", [.int(pid)])
            }
            let next = try await pool.rows("SELECT pg_backend_pid() AS p")[0].int("p")
            #expect(next != pid)
            await killer.shutdown()
        }
    }

    @Test func `fails fast while the server is gone and recovers when it is back`() async throws {
        let (forwarder, url) = try TestDatabase.forwarded()
        let pool = PostgresPool(try PostgresConfiguration(url: url), logger: TestDatabase.quiet)
        try await pool.start()
        forwarder.stop()
        let start = ContinuousClock.now
        var labels: Set<String> = []
        for _ in 0..<100 {
            let error = await failure { () throws(PostgresError) in try await pool.answers() }
            labels.insert(error?.label ?? "none")
        }
        #expect(labels.isSubset(of: ["unavailable", "connection"]))
        #expect(labels.contains("unavailable"))
        #expect(start.duration(to: .now) < .seconds(1))

        try forwarder.resume()
        var recovered = false
        while !recovered, start.duration(to: .now) < .seconds(12) {
            recovered = (try? await pool.answers()) ?? false
            await Task.yield()
        }
        #expect(recovered)
        await pool.shutdown()
        forwarder.stop()
    }

    @Test func `does not storm a server that refuses connections`() async throws {
        let (forwarder, url) = try TestDatabase.forwarded()
        guard var parts = URLComponents(string: url) else { throw TestDatabase.Missing() }
        parts.password = "wrong"
        let pool = PostgresPool(try PostgresConfiguration(url: parts.string ?? ""), logger: TestDatabase.quiet)
        let start = ContinuousClock.now
        var labels: Set<String> = []
        while start.duration(to: .now) < .seconds(2) {
            let errors = await withTaskGroup(of: PostgresError?.self) { group in
                for _ in 0..<20 {
                    group.addTask { await failure { () throws(PostgresError) in try await pool.answers() } }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            labels.formUnion(errors.map { $0?.label ?? "none" })
            for error in errors { #expect(!"\(String(describing: error))".contains("wrong")) }
        }
        #expect(labels == ["authentication"])
        // At most the four the pool starts with, then two a second.
        #expect(forwarder.accepted <= 9)
        await pool.shutdown()
        forwarder.stop()
    }

    @Test func `gives up in time on a server that fell silent`() async throws {
        let (forwarder, url) = try TestDatabase.forwarded()
        var configuration = try PostgresConfiguration(url: url)
        configuration.connectTimeout = .milliseconds(300)
        configuration.statementTimeout = .milliseconds(300)
        let pool = PostgresPool(configuration, logger: TestDatabase.quiet)
        try await pool.start()
        forwarder.silence()
        let start = ContinuousClock.now
        let first = await failure { () throws(PostgresError) in try await pool.answers() }
        let second = await failure { () throws(PostgresError) in try await pool.answers() }
        #expect(first?.label == "timeout")
        #expect(second?.label == "unavailable")
        #expect(start.duration(to: .now) < .seconds(2))
        await pool.shutdown()
        forwarder.stop()
    }

    @Test func `says that a COMMIT without an answer is unknown`() async throws {
        try await TestDatabase.withPool { direct in
            let schema = try await direct.rows("SELECT current_schema()::text AS s")[0].text("s")
            try await direct.withSession { try $0.executeScript("CREATE TABLE t (a int)") }
            let (forwarder, url) = try TestDatabase.forwarded()
            var configuration = try PostgresConfiguration(url: url)
            configuration.searchPath = [schema]
            let pool = PostgresPool(configuration, logger: TestDatabase.quiet)
            try await pool.start()
            forwarder.cutAtNextCommit()
            let error = await failure { () throws(PostgresError) in
                try await pool.transaction { try $0.execute("INSERT INTO t VALUES (1)") }
            }
            #expect(error?.label == "commit_unknown")
            #expect(error?.isRetryable == false)
            let answers = try await pool.answers()
            #expect(answers)
            await pool.shutdown()
            forwarder.stop()
        }
    }

    @Test func `reports a connection cut inside a transaction as lost, not as unknown`() async throws {
        let (forwarder, url) = try TestDatabase.forwarded()
        let pool = PostgresPool(try PostgresConfiguration(url: url), logger: TestDatabase.quiet)
        let error = await failure { () throws(PostgresError) in
            try await pool.transaction { session in
                _ = try session.query("SELECT 1")
                forwarder.stop()
                // A body that swallows the loss must not look committed.
                _ = try? session.query("SELECT 2")
            }
        }
        #expect(error?.label == "connection")
        await pool.shutdown()
    }

    @Test func `names a database that does not exist`() async throws {
        guard var parts = URLComponents(string: try TestDatabase.url()) else { throw TestDatabase.Missing() }
        parts.path = "/no_such_database"
        let pool = PostgresPool(try PostgresConfiguration(url: parts.string ?? ""), logger: TestDatabase.quiet)
        let error = await failure { () throws(PostgresError) in try await pool.start() }
        #expect(error?.label == "unavailable")
        #expect(error.map { "\($0)".contains("no_such_database") } == true)
        await pool.shutdown()
    }
}
