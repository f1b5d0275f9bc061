import JobCore
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct Transactions {
        private struct Refusal: Error, Equatable { let reason: String }

        private func context(_ world: World) -> JobContext {
            JobContext(
                id: JobID(),
                job: "test.context",
                attempt: 1,
                enqueuedAt: .now(),
                deadline: .now.advanced(by: .seconds(60)),
                logger: world.logger,
                client: world.client,
                store: world.store
            )
        }

        private static func leave(_ note: String, _ session: any SQLSession) throws(StoreError) {
            try session.execute(
                "insert into probe_effects (job_id, attempt, process, at_ms, note) values ('j', 1, 'p', 1, :note)",
                ["note": .text(note)]
            )
        }

        private func notes(_ world: World) async throws -> [String] {
            let rows = try await world.driver.read { session throws(StoreError) in
                try session.query("select note from probe_effects order by note")
            }
            return try rows.map { row throws(StoreError) in try row.text("note") }
        }

        @Test(arguments: Profile.underTest)
        func `a worker's own error rolls back and comes out as it was`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await #expect(throws: Refusal(reason: "mine")) {
                    try await context(world).transaction { session in
                        try Self.leave("never", session)
                        throw Refusal(reason: "mine")
                    }
                }
                let count = try await context(world).transaction { session in
                    try Self.leave("kept", session)
                    return try session.query("select note from probe_effects").count
                }
                #expect(count == 1)
                #expect(try await notes(world) == ["kept"])
            }
        }

        @Test(arguments: Profile.underTest)
        func `one that fails takes nothing with it from its neighbours`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let context = context(world)
                await withTaskGroup(of: Void.self) { group in
                    for number in 0..<40 {
                        group.addTask {
                            _ = try? await context.transaction { session in
                                try Self.leave("\(number + 100)", session)
                                if number % 3 == 0 { throw Refusal(reason: "a third") }
                                if number % 3 == 1 { try session.execute("insert into no_such_table values (1)") }
                            }
                        }
                    }
                }
                let kept = stride(from: 2, to: 40, by: 3).map { "\($0 + 100)" }
                let left = try await notes(world)
                #expect(left == kept)
            }
        }

        @Test(arguments: Profile.underTest)
        func `what the database refuses has the same name on both`(profile: Profile) async throws {
            try await World.with(profile) { world in
                func error(_ sql: String, _ parameters: SQLParameters = [:]) async -> StoreError? {
                    await failure { () throws(StoreError) in
                        try await world.driver.write { session throws(StoreError) in
                            _ = try session.execute(sql, parameters)
                        }
                    }
                }
                let leases = "insert into routes (routing_key, job, queue, lane) values ('alpha.work', 'a', 'b', 'c')"
                guard case .constraint = await error(leases) else {
                    Issue.record("a key twice")
                    return
                }
                guard case .schema = await error("insert into no_such_table values (1)") else {
                    Issue.record("no table")
                    return
                }
                guard case .refused = await error("select from where") else {
                    Issue.record("no SQL")
                    return
                }
                guard case .refused = await error("delete from routes where job = :missing") else {
                    Issue.record("a parameter that is not given")
                    return
                }
            }
        }

        @Test(arguments: Profile.underTest)
        func `values come back as they went in`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let row = try await world.driver.read { session throws(StoreError) in
                    try session.query(
                        """
                        select cast(:int as bigint) as a, cast(:text as text) as b, cast(:bytes as \(session.dialect.bytes)) as c,
                            cast(:none as bigint) as d, cast(:text as text) as e, ':int ::text' as f
                        """,
                        [
                            "int": .int(Int64.min), "text": "ção '\"", "none": .null,
                            "bytes": .bytes([0, 1, 255]),
                        ]
                    )[0]
                }
                #expect(try row.int("a") == .min)
                #expect(try row.text("b") == "ção '\"")
                #expect(try row.bytes("c") == [0, 1, 255])
                #expect(try row.optionalInt("d") == nil)
                #expect(try row.text("e") == "ção '\"")
                #expect(try row.text("f") == ":int ::text")
                let error = await failure { () throws(StoreError) in _ = try row.int("zz") }
                #expect(error == .decoding("no column zz"))
            }
        }
    }
}
