import JobCore
import Testing

extension Contract {
    /// What a process may still do whose jobs others have taken over while it was stopped or cut off.
    @Suite(.timeLimit(.minutes(5))) struct FenceSeams {
        /// Runs one attempt that another process takes over before `script` goes on; answers with what the script threw.
        private func overtaken(
            in world: World,
            by worker: String = "other",
            _ script: @escaping @Sendable (JobContext) async throws -> Outcome
        ) async throws -> (any Error)? {
            let (began, mayGoOn) = (Latch(), Latch())
            let thrown = Mutexed<(any Error)?>(nil)
            let message = WireMessage.numbered(1)
            try await Engine.with(
                world,
                Engine.Options(),
                { _, context in
                    began.open()
                    await mayGoOn.wait()
                    do {
                        return try await script(context)
                    } catch {
                        thrown.value = error
                        throw error
                    }
                },
                { engine in
                    await world.publish([message])
                    await began.wait()
                    let key = try #require(AttemptKey(message))
                    let welcome = try await world.store.welcomeBack([key], worker: worker, witness: world.witness)
                    #expect(welcome == [key: Welcome(answer: .run, generation: 1)])
                    mayGoOn.open()
                    try await world.until("the attempt is over") { engine.journal.running == 0 }
                }
            )
            return thrown.value
        }

        private func leave(_ note: String, _ session: any SQLSession) throws(StoreError) {
            try session.execute(
                "insert into probe_effects (job_id, attempt, process, at_ms, note) values ('j', 1, 'p', 1, :note)",
                ["note": .text(note)]
            )
        }

        @Test(arguments: Profile.underTest)
        func `a run that was taken over commits no effect`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let error = try await overtaken(in: world) { context in
                    try await context.transaction { session in try leave("late", session) }
                    return .done
                }
                #expect(error as? StoreError == .superseded)
                #expect(try await world.notes() == [])
                #expect(try await world.waiting() == [])
                #expect(try await world.letters() == [])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a run whose job came back to the same process commits no effect either`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let error = try await overtaken(in: world, by: "worker") { context in
                    try await context.transaction { session in try leave("late", session) }
                    return .done
                }
                #expect(error as? StoreError == .superseded)
                #expect(try await world.notes() == [])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a job that the store refused to look up runs, though others have had it`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let message = WireMessage.numbered(1)
                let key = try #require(AttemptKey(message))
                _ = try await world.store.welcomeBack([key], worker: "earlier", witness: world.witness)
                try await world.redeliver([message])
                // Until the job runs, its look-up and heartbeats are all that is written.
                world.driver.fail { isWrite in isWrite ? .refused("for a test") : nil }
                let script: Script = { _, context in
                    world.driver.comeBack()
                    try await context.transaction { session in try leave("ran", session) }
                    return .done
                }
                try await Engine.with(world, Engine.Options(), script) { engine in
                    try await engine.untilReturned(1, in: world)
                    try await world.untilReady(0)
                }
                #expect(try await world.notes() == ["ran"])
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a run that was taken over moves no checkpoint`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let error = try await overtaken(in: world) { context in
                    try await context.checkpoint(7)
                    return .done
                }
                #expect(error as? StoreError == .superseded)
                #expect(try await world.checkpoints() == 0)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a run that was taken over leaves no retry and no letter`(profile: Profile) async throws {
            try await World.with(profile) { world in
                _ = try await overtaken(in: world) { _ in throw JobError.retry("late", "a finished job would run again")
                }
                #expect(try await world.waiting() == [])
            }
            try await World.with(profile) { world in
                _ = try await overtaken(in: world) { _ in throw JobError.dead("late", "a finished job would be dead") }
                #expect(try await world.letters() == [])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a run that nobody has taken over writes, also when it came back`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await world.redeliver([.numbered(1)])
                let script: Script = { _, context in
                    try await context.transaction { session in try leave("in time", session) }
                    return .done
                }
                try await Engine.with(world, Engine.Options(), script) { engine in
                    try await engine.untilReturned(1, in: world)
                }
                #expect(try await world.notes() == ["in time"])
                try await world.expectNothingLeft()
            }
        }
    }
}

extension World {
    func notes() async throws -> [String] {
        let rows = try await driver.read { session throws(StoreError) in
            try session.query("select note from probe_effects order by note")
        }
        return try rows.map { row throws(StoreError) in try row.text("note") }
    }

    func checkpoints() async throws -> Int64 {
        try await driver.read { session throws(StoreError) in
            try session.query("select count(*) as n from checkpoints")[0].int("n")
        }
    }
}
