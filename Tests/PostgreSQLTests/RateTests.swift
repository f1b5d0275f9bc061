import PostgreSQL
import Testing

@Suite(.serialized) struct `The rate of` {
    private static let table = "CREATE TABLE t (id int8 PRIMARY KEY, body bytea)"
    private static let insert = "INSERT INTO t VALUES ($1, $2)"
    private static let body = PostgresValue.bytes([UInt8](repeating: 65, count: 200))

    @Test(arguments: [false, true])
    func `single inserts by 8 callers`(_ inTransaction: Bool) async throws {
        let (rate, rows) = try await measure(callers: 8, calls: 250, rowsPerCall: 1) { pool, first in
            let insert: @Sendable (PostgresSession) throws -> Int = {
                try $0.execute(Self.insert, [.int(first), Self.body])
            }
            return try await inTransaction ? pool.transaction(insert) : pool.withSession(insert)
        }
        print("single inserts, 8 callers\(inTransaction ? ", each in a transaction" : ""): \(rate) rows/s")
        #expect(rows == 2_000)
    }

    @Test func `inserts in batches of 100 by 8 callers`() async throws {
        let (rate, rows) = try await measure(callers: 8, calls: 10, rowsPerCall: 100) { pool, first in
            try await pool.transaction { session in
                try session.executeBatch(Self.insert, (0..<100).map { [.int(first + $0), Self.body] }).count
            }
        }
        print("inserts in batches of 100, 8 callers: \(rate) rows/s")
        #expect(rows == 8_000)
    }

    @Test func `statements that do nothing, one after another`() async throws {
        let (rate, _) = try await measure(callers: 1, calls: 1_000, rowsPerCall: 1) { pool, first in
            try await pool.withSession { try $0.query("SELECT $1::int8 AS n", [.int(first)]).count }
        }
        print("empty statements, 1 caller: \(rate)/s")
        #expect(rate > 0)
    }

    private func measure(
        callers: Int64,
        calls: Int64,
        rowsPerCall: Int64,
        _ work: @escaping @Sendable (PostgresPool, Int64) async throws -> Int
    ) async throws -> (rate: Int, rows: Int64) {
        try await TestDatabase.withPool(size: 4) { pool in
            try await pool.withSession { try $0.executeScript(Self.table) }
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<callers {
                    group.addTask {
                        for call in 0..<calls { _ = try await work(pool, (caller * calls + call) * rowsPerCall) }
                    }
                }
                try await group.waitForAll()
            }
            let seconds = start.duration(to: .now) / .seconds(1)
            let rows = try await pool.rows("SELECT count(*) AS n FROM t")[0].int("n")
            return (Int(Double(callers * calls * rowsPerCall) / seconds), rows)
        }
    }
}
