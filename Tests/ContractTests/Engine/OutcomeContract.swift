import JobCore
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct Outcomes {
        private struct Failed: Error {}

        @Test(arguments: Profile.underTest)
        func `a job that is done is gone`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await Engine.with(world) { engine in
                    let id = try await world.client.enqueue(AlphaJob(number: 1)).id
                    try await world.client.enqueue(BetaJob(number: 2))
                    try await world.client.enqueue(AlphaJob(number: 3), .lane(.high))
                    try await engine.untilReturned(3, in: world)
                    try await engine.shutDown()
                    #expect(Set(engine.journal.lines.map(\.number)) == [1, 2, 3])
                    #expect(engine.journal.lines.contains { $0.id == id && $0.attempt == 1 })
                    let counts = try await world.store.counts()
                    #expect(counts[QueueAddress("alpha")]?.done == 1)
                    #expect(counts[QueueAddress("alpha", .high)]?.done == 1)
                }
                try await world.expectNothingLeft()
                #expect(try await world.letters() == [])
            }
        }

        @Test(arguments: Profile.underTest)
        func `one that throws is tried again, and can succeed`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let script: Script = { _, context in
                    if context.attempt < 3 { throw Failed() }
                    return .done
                }
                try await Engine.with(world, Engine.Options(), script) { engine in
                    let id = try await world.client.enqueue(AlphaJob(number: 1), .lane(.high)).id
                    try await engine.untilReturned(1, in: world)
                    try await engine.shutDown()
                    #expect(engine.journal.lines.map(\.attempt) == [1, 2, 3])
                    #expect(Set(engine.journal.lines.map(\.id)) == [id])
                    #expect(try await world.store.counts()[QueueAddress("alpha", .high)]?.retried == 2)
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `out of attempts it is dead, with everything a person needs`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let script: Script = { number, _ in throw JobError.retry("smtp_rejected", "550 no user \(number)") }
                try await Engine.with(world, Engine.Options(), script) { engine in
                    let id = try await world.client.enqueue(AlphaJob(number: 42)).id
                    try await world.client.enqueue(AlphaJob(number: 43))
                    try await world.until("two letters") { try await world.letters().count == 2 }
                    try await engine.shutDown()
                    let letters = try await world.letters()
                    let letter = try #require(letters.first { $0.jobID == id })
                    #expect(letter.attempts == 3)
                    #expect(letter.errorType == "smtp_rejected")
                    #expect(letter.errorMessage == "550 no user 42")
                    #expect(letter.job == "alpha.work")
                    #expect(letter.address == QueueAddress("alpha"))
                    #expect(letter.build == "build")
                    #expect(letter.worker == "worker")
                    #expect(letter.payload == Array(#"{"number":42}"#.utf8))
                    #expect(letter.state == .open)
                    #expect(letter.fingerprint.count == 16)
                    #expect(Set(letters.map(\.fingerprint)).count == 1)
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `an error that says dead is not tried again`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let script: Script = { number, _ in
                    if number == 1 { throw JobError.dead("bad_address", "not an address") }
                    return .dead("not wanted")
                }
                try await Engine.with(world, Engine.Options(), script) { engine in
                    try await world.client.enqueue(AlphaJob(number: 1))
                    try await world.client.enqueue(AlphaJob(number: 2))
                    try await world.until("two letters") { try await world.letters().count == 2 }
                    #expect(Set(try await world.letters().map(\.errorType)) == ["bad_address", "dead"])
                    #expect(try await world.letters().map(\.attempts) == [1, 1])
                    #expect(engine.journal.lines.count == 2)
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `one that runs longer than its timeout is a retry with that label`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var options = Engine.Options()
                options.timeout = .milliseconds(150)
                options.retry.labels["timeout"] = .retry(after: .seconds(60), maximumAttempts: nil)
                let script: Script = { _, _ in
                    try await Task.sleep(for: .seconds(60))
                    return .done
                }
                try await Engine.with(world, options, script) { engine in
                    try await world.client.enqueue(AlphaJob(number: 1))
                    try await world.until("a waiting row") { try await world.waiting().count == 1 }
                    let row = try #require(try await world.waiting().first)
                    #expect(row.reason == "retry")
                    #expect(row.attempt == 2)
                    #expect(row.lastError?.hasPrefix("timeout: ") == true)
                    #expect(row.dueIn > .seconds(30))
                    #expect(engine.journal.returned == [])
                }
                try await world.untilReady(0)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a snooze and a parked job burn no attempt`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let runs = Signal()
                let script: Script = { number, _ in
                    if number == 2 { return .park("smtp") }
                    runs.ring()
                    return runs.rings < 3 ? .snooze(until: .now()) : .done
                }
                try await Engine.with(world, Engine.Options(), script) { engine in
                    try await world.client.enqueue(AlphaJob(number: 1))
                    try await world.client.enqueue(AlphaJob(number: 2))
                    try await engine.untilReturned(4, in: world)
                    try await engine.shutDown()
                    #expect(engine.journal.lines.filter { $0.number == 1 }.map(\.attempt) == [1, 1, 1])
                    let row = try #require(try await world.waiting().first)
                    #expect(row.reason == "snooze")
                    #expect(row.attempt == 1)
                    #expect(row.lastError == "parked: the worker says that smtp is down")
                    #expect(try await world.store.counts()[QueueAddress("alpha")]?.snoozed == 3)
                }
                #expect(try await world.letters() == [])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a job enqueues another`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let script: Script = { number, context in
                    guard number == 1 else { return .done }
                    try await context.enqueue(BetaJob(number: 2), .delay(.milliseconds(20)))
                    try await context.enqueue(BetaJob(number: 3))
                    return .done
                }
                try await Engine.with(world, Engine.Options(), script) { engine in
                    try await world.client.enqueue(AlphaJob(number: 1))
                    try await engine.untilReturned(3, in: world)
                    #expect(
                        Set(engine.journal.lines.map { "\($0.job) \($0.number)" }) == ["alpha 1", "beta 2", "beta 3"]
                    )
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `no more jobs of a queue run at once than it allows`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var options = Engine.Options()
                options.concurrency = 2
                let script: Script = { _, _ in
                    try await Task.sleep(for: .milliseconds(5))
                    return .done
                }
                let jobs = (0..<30).map {
                    WireMessage.numbered($0, key: $0.isMultiple(of: 2) ? "alpha.work" : "alpha.work.high")
                }
                await world.publish(jobs)
                try await Engine.with(world, options, script) { engine in
                    try await engine.untilReturned(30, in: world)
                    #expect(engine.journal.mostRunning == 2)
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a dead job that is replayed runs again, and its letter says so`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let mended = Latch()
                let script: Script = { _, _ in
                    if !mended.isOpen { throw JobError.dead("broken", "not mended yet") }
                    return .done
                }
                try await Engine.with(world, Engine.Options(), script) { engine in
                    let id = try await world.client.enqueue(AlphaJob(number: 1)).id
                    try await world.until("a letter") { try await world.letters(state: .open).count == 1 }
                    mended.open()
                    _ = try await world.store.replay(
                        ReplayRequest(
                            selector: .of { $0.ids = [id] },
                            rules: Replay.Rules(operation: "o"),
                            actor: "ana",
                            subject: "\(id)"
                        )
                    )
                    try await world.until("replayed") { try await world.letters(state: .replayed).count == 1 }
                    #expect(engine.journal.lines.map(\.attempt) == [1, 1])
                }
                try await world.expectNothingLeft()
                #expect(try await world.store.counts()[QueueAddress("alpha")]?.replayed == 1)
            }
        }
    }
}
