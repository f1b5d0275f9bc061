import JobCore
import Scheduler
import Synchronization
import Testing

extension Contract {
    /// Jobs that ask to be one of many, or the only one: the races of debounce and unique keys, by name.
    @Suite(.timeLimit(.minutes(5))) struct Admitting {
        private let lane = QueueAddress("alpha")

        private func debounced(_ number: Int, wait: Duration = .seconds(60), max: Duration? = nil) -> [EnqueueRequest] {
            [.alpha(number, [.debounce("venue:42", wait, max: max)])]
        }

        @Test(arguments: Profile.underTest)
        func `many events of a key run once, with the last payload`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await Engine.with(world) { engine in
                    var answers: [Enqueued] = []
                    for number in 0..<20 {
                        let request = EnqueueRequest.alpha(number, [.debounce("venue:42", .milliseconds(300))])
                        answers.append(try await world.client.enqueue([request])[0].get())
                    }
                    let first = answers[0]
                    #expect(first.result == .enqueued)
                    #expect(answers.dropFirst().allSatisfy { $0.result == .coalesced(into: first.id) })
                    try await engine.untilReturned(1, in: world)
                    #expect(engine.journal.lines.map(\.number) == [19])
                    #expect(engine.journal.lines.map(\.id) == [first.id])
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a whole batch of events costs one row, and each learns what became of it`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let requests = (0..<1_000).map { number in
                    EnqueueRequest.alpha(number, [.debounce("key:\(number % 4)", .seconds(60))])
                }
                let answers = try await world.client.enqueue(requests).map { try $0.get() }
                #expect(Set(try await world.waitingNumbers()) == [996, 997, 998, 999])
                let ids = Set(try await world.waiting().map(\.id))
                #expect(ids.count == 4)
                for answer in answers {
                    switch answer.result {
                    case .enqueued: #expect(ids.contains(answer.id))
                    case .coalesced(let into): #expect(ids.contains(into))
                    case .duplicate: Issue.record("a debounced job is no duplicate")
                    }
                }
            }
        }

        @Test(arguments: Profile.underTest)
        func `an event during the fire begins a new generation`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let first = try await world.client.enqueue(debounced(1, wait: .milliseconds(1)))[0].get()
                let second = Mutex<Enqueued?>(nil)
                world.broker.afterPublishing { _ in
                    let answer = try? await world.client.enqueue(debounced(2))[0].get()
                    second.withLock { $0 = answer }
                }
                try await world.until("published") {
                    try await world.promoter("p").promoteSlice(of: lane).published == 1
                }
                let answer = second.withLock { $0 }
                #expect(answer?.result == .enqueued)
                #expect(answer?.id != first.id)
                #expect(try await world.waitingNumbers() == [2])
                try await world.untilReady(1)
                #expect(try await world.store.settleSuperseded() == 0)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a promoter that dies before it publishes leaves its run to the next generation`(
            profile: Profile
        ) async throws {
            try await World.with(profile) { world in
                _ = try await world.client.enqueue(debounced(1, wait: .milliseconds(1)))[0].get()
                try await world.until("claimed") { try await world.claim("dead", lease: .milliseconds(50)).count == 1 }
                _ = try await world.client.enqueue(debounced(2, wait: .seconds(60)))[0].get()
                #expect(try await world.waiting().count == 2)
                try await world.until("the dead one's claim is over") {
                    try await world.store.settleSuperseded() == 1
                }
                // The run was due: it is the later payload's now, and the older one does not come after it.
                try await world.until("published") {
                    try await world.promoter("p").promoteSlice(of: lane).published == 1
                }
                #expect(try await world.waiting() == [])
                let consumption = try await world.broker.consume("alpha", credit: 5)
                #expect(await consumption.take(1).map(\.message.number) == [2])
                await consumption.giveBack()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a refused publish of an older generation does not come after the newer one`(
            profile: Profile
        ) async throws {
            try await World.with(profile) { world in
                _ = try await world.client.enqueue(debounced(1, wait: .milliseconds(1)))[0].get()
                var claimed: [WaitingJob] = []
                try await world.until("claimed") {
                    claimed += try await world.claim("p")
                    return claimed.count == 1
                }
                _ = try await world.client.enqueue(debounced(2))[0].get()
                try await world.store.unclaim(claimed.map(\.seen), claimant: "p")
                #expect(try await world.claim("p") == [])
                #expect(try await world.store.dueLanes().hasSuperseded)
                #expect(try await world.store.settleSuperseded() == 1)
                #expect(try await world.waitingNumbers() == [2])
                #expect(try await world.claim("p").map { $0.envelope.wire().number } == [2])
            }
        }

        @Test(arguments: Profile.underTest)
        func `what comes late does not run after what was newer`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await Engine.with(world) { engine in
                    let now = Timestamp.now()
                    let options: [EnqueueOption] = [.debounce("k", .milliseconds(50))]
                    let newer = try await world.client.enqueue([.alpha(2, options, at: now)])[0].get()
                    try await engine.untilReturned(1, in: world)
                    let late = EnqueueRequest.alpha(1, options, at: now.advanced(by: .seconds(-1)))
                    #expect(try await world.client.enqueue([late])[0].get().result == .coalesced(into: newer.id))
                    #expect(try await world.waiting() == [])
                    #expect(engine.journal.lines.map(\.number) == [2])
                }
            }
        }

        @Test(arguments: Profile.underTest)
        func `a throttled key runs at once and once more with the last payload`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await Engine.with(world) { engine in
                    for number in 0..<10 {
                        let request = EnqueueRequest.alpha(number, [.throttle("k", every: .milliseconds(600))])
                        _ = try await world.client.enqueue([request])[0].get()
                    }
                    try await engine.untilReturned(2, in: world)
                    #expect(engine.journal.lines.map(\.number) == [0, 9])
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `any producer's headers are acted on when the job is fetched`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await Engine.with(world) { engine in
                    let messages = (0..<10).map { number in
                        var message = WireMessage.numbered(number)
                        message.headers[HeaderName.debounceKey] = .string("k")
                        message.headers[HeaderName.debounce] = .int(400)
                        message.headers[HeaderName.enqueuedAt] = .int(1_000 + Int64(number))
                        return message
                    }
                    await world.publish(messages)
                    try await engine.untilReturned(1, in: world)
                    #expect(engine.journal.lines.map(\.number) == [9])
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `of many callers at once one gets the key`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let answers = await withTaskGroup(of: Enqueued?.self) { group in
                    for number in 0..<50 {
                        // Clients of their own, as processes have: nothing between them but the store.
                        group.addTask { try? await world.client.enqueue([.alpha(number, [.unique("only")])])[0].get() }
                    }
                    return await group.reduce(into: [Enqueued?]()) { $0.append($1) }
                }
                let winners = answers.filter { $0?.result == .enqueued }
                #expect(winners.count == 1)
                let winner = try #require(winners.first ?? nil)
                #expect(answers.filter { $0?.result == .duplicate(of: winner.id) }.count == 49)
                #expect(try await world.waiting().map(\.id) == [winner.id])
            }
        }

        @Test(arguments: Profile.underTest, ["done", "dead", "cancelled"])
        func `a key is free when its job has ended`(profile: Profile, how: String) async throws {
            try await World.with(profile) { world in
                let unique: [EnqueueOption] = [.unique("k")]
                if how == "cancelled" {
                    let first = try await world.client.enqueue([.alpha(1, unique)])[0].get()
                    _ = try await world.store.cancelWaiting(
                        CancelRequest(selector: Selector(), operation: "op", actor: "test", subject: "--all")
                    )
                    #expect(try await world.client.enqueue([.alpha(2, unique)])[0].get().result == .enqueued)
                    #expect(try await world.waiting().map(\.id) != [first.id])
                    return
                }
                let script: Script = { number, _ in how == "dead" && number == 1 ? .dead("enough") : .done }
                try await Engine.with(world, Engine.Options(), script) { engine in
                    let first = try await world.client.enqueue([.alpha(1, unique)])[0].get()
                    let again = try await world.client.enqueue([.alpha(7, unique)])[0].get()
                    #expect(again.result == .duplicate(of: first.id))
                    try await engine.untilReturned(1, in: world)
                    try await world.until("free") {
                        try await world.client.enqueue([.alpha(2, unique)])[0].get().result == .enqueued
                    }
                    try await engine.untilReturned(2, in: world)
                    #expect(engine.journal.lines.map(\.number) == [1, 2])
                }
            }
        }

        @Test(arguments: Profile.underTest)
        func `until started frees the key while the job runs, until done does not`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let latch = Latch()
                let script: Script = { number, _ in
                    if number < 10 { await latch.wait() }
                    return .done
                }
                try await Engine.with(world, Engine.Options(), script) { engine in
                    for (number, mode) in [(1, UniqueMode.untilStarted), (2, .untilDone)] {
                        _ = try await world.client.enqueue([.alpha(number, [.unique("k\(number)", mode)])])[0].get()
                    }
                    try await world.until("both run") { engine.journal.lines.count == 2 }
                    let started = EnqueueRequest.alpha(11, [.unique("k1", .untilStarted)])
                    #expect(try await world.client.enqueue([started])[0].get().result == .enqueued)
                    let done = try await world.client.enqueue([.alpha(12, [.unique("k2")])])[0].get()
                    if case .duplicate = done.result {} else { Issue.record("the key was free while its job ran") }
                    latch.open()
                }
            }
        }

        @Test(arguments: Profile.underTest)
        func `a window lasts for its time, whatever became of the job`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await Engine.with(world) { engine in
                    let window: [EnqueueOption] = [.unique("k", .window, lasting: .milliseconds(1_500))]
                    let first = try await world.client.enqueue([.alpha(1, window)])[0].get()
                    try await engine.untilReturned(1, in: world)
                    let second = try await world.client.enqueue([.alpha(2, window)])[0].get()
                    #expect(second.result == .duplicate(of: first.id))
                    try await world.until("the window has passed") {
                        try await world.client.enqueue([.alpha(3, window)])[0].get().result == .enqueued
                    }
                    try await engine.untilReturned(2, in: world)
                    #expect(engine.journal.lines.map(\.number) == [1, 3])
                }
            }
        }

        @Test(arguments: Profile.underTest)
        func `an enqueue repeated with its id is its own job, not a duplicate`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let id = JobID()
                for _ in 0..<2 {
                    let request = EnqueueRequest.alpha(1, [.unique("k"), .id(id)])
                    let answer = try await world.client.enqueue([request])[0].get()
                    #expect(answer == Enqueued(id))
                }
                let waiting = try await world.waiting()
                #expect(waiting.count == 1)
            }
        }

        @Test(arguments: Profile.underTest)
        func `what a dead promoter held is given back at once`(profile: Profile) async throws {
            try await World.with(profile) { world in
                _ = try await world.store.wait([.alpha(number: 1)])
                try await world.store.sign(["promoter": LoopSign()], process: "gone")
                _ = try await world.claim("gone")
                #expect(try await world.store.releaseClaims(ofDead: Verdict(isDead: false)) == 0)
                #expect(try await world.claim("heir") == [])
                #expect(try await world.store.releaseClaims(ofDead: Verdict(isDead: true)) == 1)
                #expect(try await world.claim("heir").count == 1)
            }
        }
    }
}

extension World {
    /// Of everything that waits.
    fileprivate func waitingNumbers() async throws -> [Int] {
        let rows = try await driver.read { session throws(StoreError) in
            try session.query("select payload from waiting order by due_at")
        }
        return try rows.map { WireMessage(routingKey: "", body: try $0.bytes("payload")).number }
    }
}

private struct Verdict: DeathWitness {
    let isDead: Bool
    func isKnownDead(_ sign: LastSign) -> Bool { isDead }
}

extension EnqueueRequest {
    fileprivate static func alpha(
        _ number: Int,
        _ options: [EnqueueOption],
        at enqueuedAt: Timestamp? = nil
    ) -> EnqueueRequest {
        EnqueueRequest(
            job: AlphaJob.name,
            version: 2,
            payload: Array(#"{"number":\#(number)}"#.utf8),
            options: options,
            enqueuedAt: enqueuedAt
        )
    }
}
