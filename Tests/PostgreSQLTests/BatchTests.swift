import PostgreSQL
import Testing

@Suite struct `A batch` {
    @Test func `of a thousand inserts takes effect`() async throws {
        let (counts, sum) = try await TestDatabase.withPool { pool in
            try await pool.withSession { session in
                try session.executeScript("CREATE TABLE t (id int8, body bytea, note text)")
                let rows = (0..<1000).map { index -> [PostgresValue] in
                    [
                        .int(Int64(index)), .bytes([UInt8](repeating: 7, count: index)),
                        index % 2 == 0 ? .null : .text("é"),
                    ]
                }
                let counts = try session.executeBatch("INSERT INTO t VALUES ($1, $2, $3)", rows)
                return (counts, try session.query("SELECT sum(length(body)) AS s FROM t WHERE id >= 0")[0].int("s"))
            }
        }
        #expect(counts == Array(repeating: 1, count: 1000))
        #expect(sum == 499_500)
    }

    @Test func `answers each query with its own rows`() async throws {
        let answers = try await TestDatabase.withPool { pool in
            try await pool.withSession { session in
                try session.queryBatch("SELECT g AS g FROM generate_series(1, $1) g", (0..<20).map { [.int($0)] })
            }
        }
        #expect(answers.map(\.count) == Array(0..<20))
        #expect(try answers[19].map { try $0.int("g") } == Array(1...19))
    }

    @Test func `may mix kinds of values`() async throws {
        let values = try await TestDatabase.withPool { pool in
            try await pool.withSession { session in
                try session.queryBatch(
                    "SELECT CAST($1 AS text) AS v",
                    [[.int(1)], [.text("b")], [.null], [.bool(true)]]
                )
                .map { try $0[0].optionalText("v") }
            }
        }
        #expect(values == ["1", "b", nil, "t"])
    }

    @Test func `with an error in its middle has no effect, and the session goes on`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            try await pool.withSession { try $0.executeScript("CREATE TABLE t (id int8 PRIMARY KEY)") }
            let error = await failure { () throws(PostgresError) in
                try await pool.withSession {
                    try $0.executeBatch("INSERT INTO t VALUES ($1)", [[.int(1)], [.int(1)], [.int(2)]])
                }
            }
            #expect(error?.sqlState == "23505")
            let counts = try await pool.withSession { try $0.executeBatch("INSERT INTO t VALUES ($1)", [[.int(2)]]) }
            let ids = try await pool.rows("SELECT id FROM t").map { try $0.int("id") }
            #expect(counts == [1])
            #expect(ids == [2])
        }
    }

    @Test func `is rolled back with its transaction, which knows that it failed`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            try await pool.withSession { try $0.executeScript("CREATE TABLE t (id int8 PRIMARY KEY)") }
            let error = await failure { () throws(PostgresError) in
                try await pool.transaction { session in
                    try session.execute("INSERT INTO t VALUES (7)")
                    _ = try? session.executeBatch("INSERT INTO t VALUES ($1)", [[.int(1)], [.int(1)]])
                }
            }
            #expect(error?.sqlState == "23505")
            let rows = try await pool.rows("SELECT id FROM t").count
            #expect(rows == 0)
        }
    }

    @Test func `of nothing does nothing, and crooked rows are refused before anything is sent`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            let counts = try await pool.withSession { try $0.executeBatch("no SQL at all", []) }
            #expect(counts == [])
            try await pool.withSession { try $0.executeScript("CREATE TABLE t (id text)") }
            for rows in [[[.text("a")], [.text("\0")]], [[.text("a")], []]] as [[[PostgresValue]]] {
                let error = await failure { () throws(PostgresError) in
                    try await pool.withSession { try $0.executeBatch("INSERT INTO t VALUES ($1)", rows) }
                }
                #expect(error?.label == "parameter")
            }
            let rows = try await pool.rows("SELECT id FROM t").count
            #expect(rows == 0)
        }
    }

    @Test func `larger than all socket buffers in both directions does not lock up`() async throws {
        let block = [UInt8](repeating: 1, count: 1 << 20)
        let total = try await TestDatabase.withPool { pool in
            try await pool.withSession { session in
                try session.queryBatch("SELECT $1::bytea AS b", (0..<32).map { _ in [.bytes(block)] })
                    .reduce(0) { try $0 + $1[0].bytes("b").count }
            }
        }
        #expect(total == 32 << 20)
    }

    @Test func `outlives a change of the table under its statement`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            try await pool.withSession { session in
                try session.executeScript("CREATE TABLE t (id int8)")
                let insert = "INSERT INTO t VALUES ($1) RETURNING *"
                _ = try session.queryBatch(insert, [[.int(1)]])
                try session.executeScript("ALTER TABLE t ADD b int4")
                #expect(try session.queryBatch(insert, [[.int(2)], [.int(3)]]).map { $0[0].values.count } == [2, 2])
                #expect(try session.query("SELECT id FROM t").count == 3)
            }
        }
    }
}
