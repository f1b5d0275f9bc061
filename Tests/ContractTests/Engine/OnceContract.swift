import JobCore
import Testing

extension Contract {
    /// Types with `deduplicate`: each step of a job is committed once.
    @Suite(.timeLimit(.minutes(5))) struct Once {
        private var options: Engine.Options {
            var options = Engine.Options()
            options.deduplicate = .seconds(7 * 86_400)
            return options
        }

        private static func leave(_ note: String, _ session: any SQLSession) throws(StoreError) {
            try session.execute(
                "insert into probe_effects (job_id, attempt, process, at_ms, note) values ('j', 1, 'p', 1, :note)",
                ["note": .text(note)]
            )
        }

        @Test(arguments: Profile.underTest)
        func `each step of a job has its effect once, whatever its attempts`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let results = Mutexed<[Int]>([])
                let script: Script = { _, context in
                    let attempt = context.attempt
                    let first = try await context.transaction(step: "first") { session in
                        try Self.leave("first", session)
                        return attempt
                    }
                    results.value += [first]
                    if attempt == 1 { throw JobError.retry("between", "after the first step") }
                    try await context.transaction(step: "second") { session in try Self.leave("second", session) }
                    if attempt == 2 { throw JobError.retry("late", "after both steps") }
                    return .done
                }
                try await Engine.with(world, options, script) { engine in
                    await world.publish([.numbered(1)])
                    try await engine.untilReturned(1, in: world)
                }
                #expect(try await world.notes() == ["first", "second"])
                #expect(results.value == [1, 1, 1], "a step that was done before gives what it gave then")
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a job that comes twice runs once`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let message = WireMessage.numbered(1)
                try await Engine.with(world, options) { engine in
                    await world.publish([message])
                    try await engine.untilReturned(1, in: world)
                    try await world.untilReady(0)
                    try await world.until("its acknowledgement") { engine.journal.running == 0 }
                }
                try await Engine.with(world, options) { engine in
                    await world.publish([message, .numbered(2)])
                    try await engine.untilReturned(1, in: world)
                    try await world.untilReady(0)
                    #expect(engine.journal.lines.map(\.number) == [2])
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a step that fails is free again, and one name twice is a mistake`(profile: Profile) async throws {
            try await World.with(profile) { world in
                struct Refusal: Error {}
                let script: Script = { number, context in
                    _ = try? await context.transaction { session in
                        try Self.leave("rolled back", session)
                        throw Refusal()
                    }
                    try await context.transaction { session in try Self.leave("kept \(number)", session) }
                    if number == 2 {
                        try await context.transaction { session in try Self.leave("never", session) }
                    }
                    return .done
                }
                try await Engine.with(world, options, script) { engine in
                    await world.publish([.numbered(1), .numbered(2)])
                    try await engine.untilReturned(1, in: world)
                    try await world.until("a letter") { try await world.letters().count == 1 }
                }
                #expect(try await world.notes() == ["kept 1", "kept 2"])
                #expect(try await world.letters().map(\.errorType) == ["step_repeated"])
            }
        }
    }

    /// Long jobs.
    @Suite(.timeLimit(.minutes(5))) struct Slices {
        @Test(arguments: Profile.underTest)
        func `a long job goes on from its checkpoint, slice by slice, and burns no attempt`(profile: Profile)
            async throws
        {
            try await World.with(profile) { world in
                let script: Script = { _, context in
                    let done = try await context.checkpoint(as: Int.self) ?? 0
                    if done == 2, context.attempt == 1 {
                        throw JobError.retry("half way", "a failure keeps the checkpoint")
                    }
                    try await context.transaction { session in
                        try session.execute(
                            """
                            insert into probe_effects (job_id, attempt, process, at_ms, note)
                            values ('j', 1, 'p', 1, :note)
                            """,
                            ["note": .text("part \(done)")]
                        )
                    }
                    try await context.checkpoint(done + 1)
                    return done == 4 ? .done : .continued
                }
                try await Engine.with(world, Engine.Options(), script) { engine in
                    await world.publish([.numbered(1)])
                    try await engine.untilReturned(5, in: world)
                    #expect(engine.journal.lines.map(\.attempt) == [1, 1, 1, 2, 2, 2])
                }
                #expect(try await world.notes() == (0..<5).map { "part \($0)" })
                #expect(try await world.checkpoints() == 0)
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a slice is over when half of the time is, and when the process drains`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var options = Engine.Options()
                options.timeout = .seconds(30)
                // Its next slice is due at once: a promoter that is still at work would take it from the table.
                options.promotes = false
                let (began, over) = (Latch(), Mutexed<[Bool]>([]))
                let script: Script = { _, context in
                    over.value += [context.isSliceOver]
                    began.open()
                    while !context.isSliceOver { try await Task.sleep(for: .milliseconds(5)) }
                    over.value += [true]
                    return .continued
                }
                try await Engine.with(world, options, script) { engine in
                    await world.publish([.numbered(1)])
                    await began.wait()
                    try await engine.shutDown()
                }
                #expect(over.value == [false, true])
                #expect(try await world.waiting().count == 1)
            }
        }
    }
}
