import PostgreSQL
import Synchronization
import Testing

@Suite struct `A transaction` {
    private struct Refused: Error, Equatable {
        var reason: String
    }

    @Test func `is rolled back when the body throws, and the body's error comes back as it was`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            try await pool.withSession { try $0.executeScript("CREATE TABLE t (a int)") }
            let error = await failure { () throws(PostgresError) in
                try await pool.transaction { session in
                    try session.execute("INSERT INTO t VALUES (1)")
                    throw Refused(reason: "no")
                }
            }
            guard case .body(let inner as Refused) = error else {
                Issue.record("got \(String(describing: error))")
                return
            }
            #expect(inner == Refused(reason: "no"))
            let rows = try await pool.rows("SELECT * FROM t").count
            #expect(rows == 0)
        }
    }

    @Test func `returns the body's value after its COMMIT`() async throws {
        try await TestDatabase.withPool { pool in
            try await pool.withSession { try $0.executeScript("CREATE TABLE t (a int)") }
            let inserted = try await pool.transaction { try $0.execute("INSERT INTO t VALUES (1), (2)") }
            let rows = try await pool.rows("SELECT * FROM t").count
            #expect(inserted == 2)
            #expect(rows == 2)
        }
    }

    @Test func `for reading only does not write`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            try await pool.withSession { try $0.executeScript("CREATE TABLE t (a int)") }
            let error = await failure { () throws(PostgresError) in
                try await pool.transaction(readOnly: true) { try $0.execute("INSERT INTO t VALUES (1)") }
            }
            #expect(error?.sqlState == "25006")
        }
    }

    @Test func `that fails at its COMMIT is not done`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            try await pool.withSession {
                try $0.executeScript("CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            }
            let error = await failure { () throws(PostgresError) in
                try await pool.transaction { try $0.execute("INSERT INTO t VALUES (1), (1)") }
            }
            #expect(error?.sqlState == "23505")
            let rows = try await pool.rows("SELECT * FROM t").count
            #expect(rows == 0)
        }
    }

    @Test func `ended by its own body is an error`() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            let error = await failure { () throws(PostgresError) in
                try await pool.transaction { try $0.executeScript("COMMIT") }
            }
            #expect(error?.label == "unexpected")
            let answers = try await pool.answers()
            #expect(answers)
        }
    }

    @Test func `that fell to a serialization conflict runs again`() async throws {
        let (runs, rows) = try await TestDatabase.withPool { pool in
            try await pool.withSession { try $0.executeScript("CREATE TABLE t (n int8); INSERT INTO t VALUES (0)") }
            let runs = Mutex(0)
            let meeting = Meeting(of: 2)
            let add: @Sendable (PostgresSession) throws -> Void = { session in
                runs.withLock { $0 += 1 }
                let count = try session.query("SELECT n FROM t")[0].int("n")
                // Both have read before either writes.
                meeting.arrive()
                do {
                    try session.execute("UPDATE t SET n = $1", [.int(count + 1)])
                } catch {
                    // As a store does that has errors of its own: the pool must see the conflict all the same.
                    throw Refused(reason: "\(error)")
                }
            }
            async let one: Void = pool.transaction(isolation: .serializable, add)
            async let two: Void = pool.transaction(isolation: .serializable, add)
            _ = try await (one, two)
            return (runs.withLock { $0 }, try await pool.rows("SELECT n FROM t")[0].int("n"))
        }
        #expect(rows == 2)
        #expect(runs >= 3)
    }

    @Test func `that lost a deadlock runs again`() async throws {
        let (runs, sum) = try await TestDatabase.withPool { pool in
            try await pool.withSession {
                try $0.executeScript("CREATE TABLE t (id int8, n int8); INSERT INTO t VALUES (1, 0), (2, 0)")
            }
            let runs = Mutex(0)
            let meeting = Meeting(of: 2)
            let add: @Sendable (PostgresSession, [Int64]) throws -> Void = { session, order in
                runs.withLock { $0 += 1 }
                try session.execute("SET LOCAL deadlock_timeout = '50ms'")
                try session.execute("UPDATE t SET n = n + 1 WHERE id = $1", [.int(order[0])])
                meeting.arrive()
                try session.execute("UPDATE t SET n = n + 1 WHERE id = $1", [.int(order[1])])
            }
            async let one: Void = pool.transaction { try add($0, [1, 2]) }
            async let two: Void = pool.transaction { try add($0, [2, 1]) }
            _ = try await (one, two)
            return (runs.withLock { $0 }, try await pool.rows("SELECT sum(n) AS s FROM t")[0].int("s"))
        }
        #expect(sum == 4)
        #expect(runs == 3)
    }

    @Test func `gives up after its attempts`() async throws {
        let runs = Mutex(0)
        try await TestDatabase.withPool(size: 1) { pool in
            let error = await failure { () throws(PostgresError) in
                try await pool.transaction(attempts: 3) { session in
                    runs.withLock { $0 += 1 }
                    try session.executeScript("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$")
                }
            }
            #expect(error?.sqlState == "40001")
        }
        #expect(runs.withLock { $0 } == 3)
    }
}
