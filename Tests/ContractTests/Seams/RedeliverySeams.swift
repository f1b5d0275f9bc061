import JobCore
import Testing

extension Contract {
    /// Between a delivery that was lost and the one that comes after it.
    @Suite(.timeLimit(.minutes(5))) struct RedeliverySeams {
        private func message(_ id: JobID, attempt: Int = 1, run: String? = nil) -> WireMessage {
            var message = WireMessage.numbered(1, headers: [HeaderName.attempt: .int(Int64(attempt))])
            message.messageID = id.description
            if let run { message.headers[HeaderName.replayOperation] = .string(run) }
            return message
        }

        /// What has run when everything is off the queue: redelivered `id`, and a fresh one that is behind it.
        private func attempts(
            of message: WireMessage,
            in world: World,
            _ options: Engine.Options = Engine.Options()
        ) async throws -> [Int] {
            try await world.redeliver([message])
            await world.publish([.numbered(2)])
            return try await Engine.with(world, options) { engine in
                try await world.until("the fresh job") { engine.journal.returned.contains { $0.number == 2 } }
                try await engine.shutDown()
                try await world.untilReady(0)
                return engine.journal.lines.filter { $0.number == 1 }.map(\.attempt)
            }
        }

        private var settled: Engine.Options {
            var options = Engine.Options()
            options.promotes = false
            return options
        }

        @Test(arguments: Profile.underTest)
        func `a job that came back runs, once`(profile: Profile) async throws {
            try await World.with(profile) { world in
                #expect(try await attempts(of: message(JobID()), in: world) == [1])
                #expect(world.driver.lookUps == 1)
                #expect(try await world.marks() == [])
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `many jobs that came back run once each, looked up many at a time`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var options = Engine.Options()
                options.concurrency = 4
                try await world.redeliver((0..<400).map { .numbered($0) })
                try await Engine.with(world, options) { engine in
                    try await engine.untilReturned(400, in: world)
                    #expect(engine.journal.lines.map(\.number).sorted() == Array(0..<400))
                }
                // Four at a time would be a hundred.
                #expect(world.driver.lookUps < 60, "\(world.driver.lookUps)")
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a job that waits for its next attempt is acknowledged without running`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let id = JobID()
                _ = try await world.store.wait([.alpha(id, attempt: 2, due: .after(.seconds(60)))])
                #expect(try await attempts(of: message(id), in: world, settled) == [])
                #expect(try await world.waiting().map(\.attempt) == [2])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a snoozed job that waits is acknowledged, unless a promoter holds its row`(profile: Profile) async throws
        {
            try await World.with(profile) { world in
                let (snoozed, promoted) = (JobID(), JobID())
                _ = try await world.store.wait([.alpha(promoted)])
                // The promoter has published, and will delete the row: acknowledging now would leave the job nowhere.
                let claimed = try await world.claim("slow")
                #expect(claimed.map(\.envelope.id) == [promoted])
                _ = try await world.store.wait([.alpha(snoozed, due: .after(.seconds(60)))])
                #expect(try await attempts(of: message(snoozed), in: world, settled) == [])
                #expect(try await attempts(of: message(promoted), in: world, settled) == [1])
                try await world.store.promoted(claimed.map(\.seen), claimant: "slow")
                #expect(try await world.waiting().map(\.id) == [snoozed])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a dead job is acknowledged, and its replay runs`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let id = JobID()
                try await world.store.bury([.alpha(id, attempt: 3)])
                #expect(try await attempts(of: message(id, attempt: 3), in: world) == [])
                #expect(try await attempts(of: message(id, attempt: 1), in: world) == [])
                #expect(try await attempts(of: message(id, attempt: 1, run: "op1"), in: world) == [1])
                #expect(try await world.letters().count == 1)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a finished job whose acknowledgement was lost does not run again`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let lost = Mutexed(false)
                world.broker.beforeAcknowledging { _ in
                    defer { lost.value = true }
                    return lost.value ? .pass : .lose
                }
                let runs = try await Engine.with(world) { engine in
                    await world.publish([.numbered(1)])
                    try await world.until("the mark") { try await world.marks().count == 1 }
                    return engine.journal.lines.count
                }
                #expect(lost.value && runs == 1)
                #expect(try await world.marks() == ["done"])
                try await Engine.with(world) { engine in
                    await world.publish([.numbered(2)])
                    try await world.until("the fresh job") { engine.journal.returned.contains { $0.number == 2 } }
                    try await world.untilReady(0)
                    #expect(engine.journal.lines.map(\.number) == [2])
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a retry settled under a lost acknowledgement runs as its next attempt only`(profile: Profile) async throws
        {
            try await World.with(profile) { world in
                let lost = Mutexed(false)
                world.broker.beforeAcknowledging { _ in
                    defer { lost.value = true }
                    return lost.value ? .pass : .lose
                }
                let script: Script = { _, context in
                    if context.attempt == 1 { throw JobError.retry("failed", "first") }
                    return .done
                }
                var first = Engine.Options()
                first.promotes = false
                try await Engine.with(world, first, script) { engine in
                    await world.publish([.numbered(1)])
                    try await world.until("the mark") { try await world.marks() == ["done"] }
                    #expect(engine.journal.lines.map(\.attempt) == [1])
                }
                try await Engine.with(world, Engine.Options(), script) { engine in
                    try await engine.untilReturned(1, in: world)
                    try await world.until("nothing left") {
                        let (waiting, ready) = (try await world.waiting(), try await world.ready())
                        return waiting.isEmpty && ready == 0
                    }
                    #expect(engine.journal.lines.map(\.attempt) == [2])
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a snooze settled under a lost acknowledgement is not forgotten`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let key = AttemptKey(id: JobID(), attempt: 1, readyAt: Timestamp(milliseconds: 1000))
                try await world.store.markDone([key], worker: "gone")
                var again = message(key.id)
                again.headers[HeaderName.readyAt] = .int(1000)
                #expect(try await attempts(of: again, in: world) == [])
                // The same attempt, published later: it has been snoozed since.
                again.headers[HeaderName.readyAt] = .int(2000)
                #expect(try await attempts(of: again, in: world) == [1])
            }
        }

        @Test(arguments: Profile.underTest)
        func `deliveries that come for the first time ask the store nothing`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var options = Engine.Options()
                options.promotes = false
                options.collects = false
                try await Engine.with(world, options) { engine in
                    let before = world.driver.lookUps
                    await world.publish((0..<50).map { .numbered($0) })
                    try await engine.untilReturned(50, in: world)
                    #expect(world.driver.lookUps == before)
                }
            }
        }

        @Test(arguments: Profile.underTest)
        func `what comes back waits while the store is away`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await world.redeliver((0..<5).map { .numbered($0) })
                world.driver.goAway()
                try await Engine.with(world) { engine in
                    try await world.until("asked in vain") { world.driver.refusals >= 3 }
                    #expect(engine.journal.lines == [])
                    world.driver.comeBack()
                    try await engine.untilReturned(5, in: world)
                    #expect(Set(engine.journal.lines.map(\.number)).count == 5)
                }
                #expect(try await world.marks() == [])
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a message without id that came back is adopted`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var stranger = WireMessage(routingKey: "alpha.work", body: Array(#"{"number":1}"#.utf8))
                stranger.timestamp = 1_700_000_000
                stranger.headers["mine"] = .bytes([0, 255])
                let adopted = Mutexed<[WireMessage]>([])
                try await world.redeliver([stranger])
                world.broker.afterPublishing { adopted.value += $0 }
                try await Engine.with(world) { engine in
                    try await engine.untilReturned(1, in: world)
                    try await world.untilReady(0)
                    let line = try #require(engine.journal.lines.first)
                    let message = try #require(adopted.value.first)
                    #expect(engine.journal.lines.count == 1 && adopted.value.count == 1)
                    #expect(message.messageID == line.id.description && line.number == 1)
                    #expect(message.headers[HeaderName.enqueuedAt] == .int(1_700_000_000_000))
                    #expect(message.headers["mine"] == .bytes([0, 255]))
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `bytes without id that are no job die once`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let stranger = WireMessage(routingKey: "alpha.work", body: Array("{".utf8), type: "other.work")
                try await world.redeliver([stranger])
                try await Engine.with(world) { _ in
                    try await world.until("a letter") { try await world.letters().count == 1 }
                }
                #expect(try await world.letters().map(\.errorType) == ["malformed_type"])
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `marks are emptied by the table, two days later`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let key = AttemptKey(id: JobID(), attempt: 1, readyAt: .now())
                try await world.store.markDone([key], worker: "w")
                #expect(try await world.store.emptyOldTurns() == false)
                #expect(try await world.marks() == ["done"])
                try await world.ageMarks()
                #expect(try await world.store.emptyOldTurns())
                #expect(try await world.marks() == [])
            }
        }
    }
}

extension World {
    /// The kinds of all marks that say anything: whoever has left in peace is blamed for nothing.
    func marks() async throws -> [String] {
        let rows = try await driver.base.read { session throws(StoreError) in
            try session.query(
                """
                select kind from marks where ended_at is null
                    and (kind = 'done' or worker not in (select id from workers where state = 'gone'))
                order by kind, job_id
                """
            )
        }
        return try rows.map { row throws(StoreError) in try row.text("kind") }
    }

    /// Puts every mark where one of the day before yesterday is.
    func ageMarks() async throws {
        try await driver.base.write { session throws(StoreError) in
            let day = try session.now().milliseconds / 86_400_000
            let (today, resting) = ("marks_\(day % 4)", "marks_\((day + 2) % 4)")
            try session.execute("insert into \(resting) select * from \(today)")
            try session.execute("delete from \(today)")
        }
    }
}
