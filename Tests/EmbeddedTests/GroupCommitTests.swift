import Embedded
import Foundation
import JobCore
import Testing

extension EmbeddedRoom {
    @Suite struct `Group commit` {
        @Test func `a closure that throws takes back only itself`() async throws {
            let database = try await TemporaryStore().openWithTable()
            let failures = await withTaskGroup(of: Bool.self) { group in
                for n in 0..<200 {
                    group.addTask {
                        let error = await outcome { () async throws(StoreError) in
                            try await database.write { session throws(StoreError) in
                                try session.execute("insert into t (n) values (:n)", ["n": .int(n)])
                                if n % 3 == 0 { throw StoreError.rolledBack }
                            }
                        }
                        return error == .rolledBack
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(failures == 67)
            #expect(try await database.number("select count(*) as n from t") == 133)
            #expect(try await database.number("select count(*) as n from t where n % 3 = 0") == 0)
        }

        @Test func `a constraint names itself and leaves the neighbours`() async throws {
            let database = try await TemporaryStore().openWithTable()
            async let first: Void = database.insert(1)
            async let second: Void = database.insert(2)
            _ = try await (first, second)
            await #expect(throws: StoreError.constraint("t.n")) { try await database.insert(2) }
            #expect(try await database.number("select count(*) as n from t") == 2)
        }

        @Test func `one hundred callers share their flushes`() async throws {
            let store = try TemporaryStore()
            let database = try await store.openWithTable()
            let start = ContinuousClock.now
            try await withThrowingTaskGroup { group in
                for caller in 0..<100 {
                    group.addTask {
                        for n in 0..<50 { try await database.insert(caller * 50 + n) }
                    }
                }
                try await group.waitForAll()
            }
            let rate = 5000 / (ContinuousClock.now - start).seconds
            print("FIGURE 100 callers, single inserts: \(Int(rate))/s")
            #expect(try await database.number("select count(*) as n from t") == 5000)
            #expect(rate > 500)
        }

        @Test func `one caller alone`() async throws {
            let database = try await TemporaryStore().openWithTable()
            var times: [Duration] = []
            for n in 0..<300 {
                let start = ContinuousClock.now
                try await database.insert(n)
                times.append(.now - start)
            }
            print("FIGURE one caller: p50 \(percentile(0.5, times)) ms, p95 \(percentile(0.95, times)) ms")
            #expect(percentile(0.5, times) < 50)
        }

        @Test(
            "parameters are bound by name, none missing and none left over",
            arguments: [
                ("select :a + :b as n", ["a": 1], "parameter :b has no value"),
                ("select :a as n", ["a": 1, "z": 2], "no parameter :z in the statement"),
                ("select ?1 as n", [:], "parameters are bound by name (:name) only"),
            ] as [(String, [String: SQLValue], String)]
        )
        func parameters(sql: String, values: [String: SQLValue], message: String) async throws {
            let database = try await TemporaryStore().open()
            await #expect(throws: StoreError.refused(message)) {
                try await database.read { session throws(StoreError) in try session.query(sql, SQLParameters(values)) }
            }
        }

        @Test func `a missing table names the command that mends it`() async throws {
            let database = try await TemporaryStore().open()
            await #expect(throws: StoreError.schema("no such table: nowhere; run jobctl migrate apply")) {
                try await database.number("select n from nowhere")
            }
        }

        @Test func `every value comes back as it was, and bad UTF-8 is repaired`() async throws {
            let database = try await TemporaryStore().open()
            let values: [SQLValue] = [
                .null, .int(.min), .int(.max), .double(0.1), .text(""), .text("a\0b é"), .bytes([]), .bytes([0, 255]),
            ]
            for value in values {
                let row = try await database.read { session throws(StoreError) in
                    try session.query(
                        "select typeof(:v) as kind, :v is :v as same, :v as v, length(cast(:v as blob)) as n",
                        ["v": value]
                    )
                }
                let answer = try #require(row.first)
                switch value {
                case .null: #expect(try answer.optionalInt("v") == nil)
                case .int(let number): #expect(try answer.int("v") == number)
                case .double(let number): #expect(try answer.double("v") == number)
                case .text(let text): #expect(try answer.text("v") == text)
                case .bytes(let bytes), .payload(let bytes, _):
                    #expect(try answer.bytes("v") == bytes)
                    #expect(try answer.text("kind") == "blob")
                }
            }
            let repaired = try await database.read { session throws(StoreError) in
                try session.query("select cast(x'61ff62' as text) as v")
            }
            #expect(try repaired.first?.text("v") == "a\u{FFFD}b")
        }

        @Test func `a migration is all or nothing, and sees its own changes`() async throws {
            let database = try await TemporaryStore().open()
            await #expect(throws: StoreError.self) {
                try await database.migrate { session throws(StoreError) in
                    try session.execute("create table one (n integer)")
                    try session.execute("create nonsense")
                }
            }
            #expect(try await database.number("select count(*) as n from sqlite_master") == 0)
        }

        @Test func `a full disk is a typed error, and the store goes on when there is room`() async throws {
            let database = try await TemporaryStore().openWithTable()
            let filling = "insert into t (n) values (:n)"
            let limit = { @Sendable (pages: Int) in "pragma max_page_count = \(pages)" }
            try await database.write { session throws(StoreError) in _ = try session.query(limit(4)) }
            let errors = await withTaskGroup(of: StoreError?.self) { group in
                for caller in 0..<8 {
                    group.addTask {
                        await outcome { () async throws(StoreError) in
                            try await database.write { session throws(StoreError) in
                                // Whoever swallows the error must not slip out of the shared transaction.
                                for n in 0..<2000 {
                                    do throws(StoreError) {
                                        try session.execute(filling, ["n": .int(caller * 10_000 + n)])
                                    } catch {
                                        try session.execute("insert into t (n) values (-1)")
                                        throw error
                                    }
                                }
                            }
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(errors.allSatisfy { $0?.label == "store_unavailable" })
            #expect(try await database.number("select count(*) as n from t") == 0)
            try await database.write { session throws(StoreError) in _ = try session.query(limit(100_000)) }
            try await database.insert(1)
        }

        @Test func `execute counts rows, also after statements that change none`() async throws {
            let database = try await TemporaryStore().openWithTable()
            let counts = try await database.write { session throws(StoreError) in
                let inserts = try session.executeBatch(
                    "insert into t (n) values (:n) on conflict do nothing",
                    [["n": 1], ["n": 2], ["n": 2]]
                )
                let update = try session.execute("update t set n = n + 10")
                let table = try session.execute("create table other (n integer)")
                return inserts + [update, table, try session.execute("delete from t where n = 99")]
            }
            #expect(counts == [1, 1, 0, 2, 0, 0])
        }

        @Test func `the clock is the one given`() async throws {
            let database = try await TemporaryStore().open { $0.clock = { Timestamp(milliseconds: 42) } }
            #expect(try await database.number("select now_ms() as n") == 42)
        }

        @Test func `a closed store answers at once`() async throws {
            let database = try await TemporaryStore().openWithTable()
            database.close()
            await #expect(throws: StoreError.unavailable("the store is closed")) { try await database.insert(1) }
            await #expect(throws: StoreError.unavailable("the store is closed")) {
                try await database.number("select 1 as n")
            }
        }
    }
}
