import PostgreSQL
import Testing

@Suite struct `A session` {
    private static let prepared = "SELECT count(*) AS n FROM pg_prepared_statements"

    @Test func `prepares a statement once, whatever is null`() async throws {
        let counts = try await TestDatabase.withPool { pool in
            try await pool.withSession { session in
                try session.executeScript("CREATE TABLE t (a int8, b text)")
                let before = try session.query(Self.prepared)[0].int("n")
                for index in 0..<50 {
                    let a: PostgresValue = index.isMultiple(of: 2) ? .int(Int64(index)) : .null
                    let b: PostgresValue = index.isMultiple(of: 3) ? .text("b") : .null
                    try session.execute("INSERT INTO t VALUES ($1, $2)", [a, b])
                }
                return [
                    try session.query(Self.prepared)[0].int("n") - before,
                    try session.query("SELECT count(*) AS n FROM t")[0].int("n"),
                ]
            }
        }
        #expect(counts == [1, 50])
    }

    @Test func `keeps 256 prepared statements at most`() async throws {
        let count = try await TestDatabase.withPool { pool in
            try await pool.withSession { session in
                for index in 0..<300 { _ = try session.query("SELECT \(index) AS n") }
                return try session.query(Self.prepared)[0].int("n")
            }
        }
        #expect(count == 256)
    }

    @Test func `gives a statement new types when the values change kind`() async throws {
        let values = try await TestDatabase.withPool { pool in
            try await pool.withSession { session in
                try [PostgresValue.null, .int(1), .double(1.5), .text("2.5"), .int(3)].map { value in
                    try session.query("SELECT CAST($1 AS float8) AS v", [value])[0].value("v")
                }
            }
        }
        #expect(values == [.null, .double(1), .double(1.5), .double(2.5), .double(3)])
    }

    @Test func `outlives a change of the table under a prepared statement`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            try await pool.withSession { try $0.executeScript("CREATE TABLE t (a int8); INSERT INTO t VALUES (1)") }
            let read: @Sendable (PostgresSession) throws -> [PostgresValue] = {
                try $0.query("SELECT * FROM t")[0].values
            }
            #expect(try await pool.withSession(read) == [.int(1)])
            try await pool.withSession { try $0.executeScript("ALTER TABLE t ADD b text DEFAULT 'x'") }
            #expect(try await pool.withSession(read) == [.int(1), .text("x")])
            try await pool.withSession { try $0.executeScript("ALTER TABLE t ALTER a TYPE text") }
            #expect(try await pool.transaction(read) == [.text("1"), .text("x")])
            try await pool.withSession { session in
                let schema = try session.query("SELECT current_schema()::text AS s")[0].text("s")
                try session.executeScript("DISCARD ALL")
                try session.executeScript("SET search_path TO \(schema)")
            }
            #expect(try await pool.withSession(read) == [.text("1"), .text("x")])
        }
    }

    @Test func `has an error for what the server refuses, and goes on`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            try await pool.withSession { try $0.executeScript("CREATE TABLE t (mail text CONSTRAINT one_mail UNIQUE)") }
            let insert: @Sendable (PostgresSession) throws -> Int = {
                try $0.execute("INSERT INTO t VALUES ($1)", [.text("someone@example.org")])
            }
            #expect(try await pool.withSession(insert) == 1)
            let error = await failure { () throws(PostgresError) in try await pool.withSession(insert) }
            guard case .server(let server) = error else {
                Issue.record("got \(String(describing: error))")
                return
            }
            #expect(server.isUniqueViolation)
            #expect(server.constraint == "one_mail")
            #expect(server.detail?.contains("someone@example.org") == true)
            #expect(!"\(PostgresError.server(server))".contains("someone"))
            let cast = await failure { () throws(PostgresError) in
                try await pool.withSession { try $0.query("SELECT CAST($1 AS int8)", [.text("someone")]) }
            }
            #expect(cast?.sqlState == "22P02")
            #expect(cast.map { "\($0)".contains("someone") } == false)
            #expect(try await pool.withSession { try $0.execute("DELETE FROM t") } == 1)
        }
    }

    @Test func `refuses COPY and is replaced`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            let error = await failure { () throws(PostgresError) in
                try await pool.withSession { try $0.executeScript("CREATE TABLE t (a int); COPY t FROM STDIN") }
            }
            #expect(error?.label == "unexpected")
            let answers = try await pool.answers()
            #expect(answers)
        }
    }

    @Test func `rolls back a transaction the body left open`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            try await pool.withSession { try $0.executeScript("CREATE TABLE t (a int)") }
            try await pool.withSession { try $0.executeScript("BEGIN; INSERT INTO t VALUES (1)") }
            let rows = try await pool.rows("SELECT * FROM t").count
            #expect(rows == 0)
        }
    }
}
