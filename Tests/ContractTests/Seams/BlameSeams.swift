import Embedded
import JobCore
import Synchronization
import Testing

extension Contract {
    /// Who is to blame for a process that died.
    @Suite(.timeLimit(.minutes(5))) struct BlameSeams {
        private func options(_ lone: any LoneRunner) -> Engine.Options {
            var options = Engine.Options()
            options.lone = lone
            return options
        }

        /// A job that came back, with the start mark of a process that had it.
        private func leave(_ message: WireMessage, startedBy worker: String, in world: World) async throws {
            let key = try #require(AttemptKey(message))
            let answers = try await world.store.welcomeBack([key], worker: worker, witness: world.witness)
            #expect(answers.mapValues(\.answer) == [key: .run])
            try await world.redeliver([message])
        }

        @Test(arguments: Profile.underTest)
        func `a job that comes back is marked while it runs`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let (began, mayEnd) = (Latch(), Latch())
                let script: Script = { _, _ in
                    began.open()
                    await mayEnd.wait()
                    return .done
                }
                try await world.redeliver([.numbered(1)])
                try await Engine.with(world, options(Solitude()), script) { engine in
                    await began.wait()
                    #expect(try await world.marks() == ["start"])
                    mayEnd.open()
                    try await engine.untilReturned(1, in: world)
                }
                #expect(try await world.marks() == [])
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a job that ran when its process died runs alone, and is not charged`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let lone = Solitude(.answered(.done))
                let suspect = WireMessage.numbered(1)
                try await leave(suspect, startedBy: try await world.deadWorker(), in: world)
                try await Engine.with(world, options(lone)) { engine in
                    await world.publish([.numbered(2)])
                    try await engine.untilReturned(1, in: world)
                    try await world.untilReady(0)
                    #expect(engine.journal.lines.map(\.number) == [2])
                }
                #expect(lone.ran.map(\.message.messageID) == [suspect.messageID])
                #expect(try await world.marks() == [])
                #expect(try await world.letters() == [])
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a job that dies alone is poison, and its bystander is not`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let (poison, bystander) = (WireMessage.numbered(1), WireMessage.numbered(2))
                let lone = Solitude { $0.messageID == poison.messageID ? .died("signal 6") : .answered(.done) }
                let dead = try await world.deadWorker()
                for message in [poison, bystander] { try await leave(message, startedBy: dead, in: world) }
                try await Engine.with(world, options(lone)) { _ in
                    try await world.until("both have run alone") { lone.ran.count == 2 }
                    try await world.until("a letter") { try await world.letters().count == 1 }
                }
                let letter = try #require(try await world.letters().first)
                #expect(letter.jobID.description == poison.messageID)
                #expect(letter.errorType == "poison" && letter.errorMessage == "signal 6" && letter.attempts == 1)
                #expect(lone.ran.count == 2)
                #expect(try await world.marks() == [])
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `what a living process has begun is no suspect`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let lone = Solitude()
                try await world.withLivingWorker { living in
                    try await leave(.numbered(1), startedBy: living, in: world)
                    try await Engine.with(world, options(lone)) { engine in
                        try await engine.untilReturned(1, in: world)
                    }
                }
                #expect(lone.ran == [])
            }
        }

        @Test(arguments: Profile.underTest)
        func `what somebody ends from outside runs alone again, uncharged`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let count = Mutexed(0)
                let lone = Solitude { _ in
                    count.value += 1
                    return count.value < 3 ? .killed("signal 9") : .answered(.done)
                }
                try await leave(.numbered(1), startedBy: try await world.deadWorker(), in: world)
                try await Engine.with(world, options(lone)) { engine in
                    try await world.until("ran alone three times") { lone.ran.count == 3 }
                    try await world.until("done") {
                        try await world.store.counts()[QueueAddress("alpha")]?.done == 1
                    }
                    #expect(engine.journal.lines == [])
                }
                #expect(lone.ran.last?.message.headers[HeaderName.attempt] == .int(1))
                #expect(try await world.letters() == [])
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `what fails alone fails as anywhere else, and is a suspect no more`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let lone = Solitude(.answered(.threwRetry(afterMs: nil, label: "failed", message: "alone")))
                try await leave(.numbered(1), startedBy: try await world.deadWorker(), in: world)
                try await Engine.with(world, options(lone)) { engine in
                    try await engine.untilReturned(1, in: world)
                    #expect(engine.journal.lines.map(\.attempt) == [2])
                }
                #expect(lone.ran.count == 1)
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a drain withdraws the marks of what it gives back`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var options = options(Solitude())
                options.grace = .milliseconds(100)
                options.concurrency = 2
                let began = Latch()
                let script: Script = { _, _ in
                    began.open()
                    try await Task.sleep(for: .seconds(60))
                    return .done
                }
                try await world.redeliver((0..<5).map { .numbered($0) })
                try await Engine.with(world, options, script) { _ in await began.wait() }
                #expect(try await world.marks() == [])
                try await world.untilReady(5)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a replay of poison runs like any job`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let lone = Solitude(.died("signal 6"))
                let message = WireMessage.numbered(1)
                try await leave(message, startedBy: try await world.deadWorker(), in: world)
                try await Engine.with(world, options(lone)) { engine in
                    try await world.until("a letter") { try await world.letters().count == 1 }
                    let request = ReplayRequest(
                        selector: Selector(),
                        rules: Replay.Rules(operation: "op1"),
                        actor: "test",
                        subject: "--all"
                    )
                    #expect(try await world.store.replay(request).replayed == 1)
                    try await engine.untilReturned(1, in: world)
                    #expect(engine.journal.lines.map(\.id.description) == [message.messageID])
                }
                #expect(lone.ran.count == 1)
                try await world.expectNothingLeft()
            }
        }
    }
}

/// In the place of lone processes: what would become of each attempt is the test's to say.
final class Solitude: LoneRunner {
    private let tasks = Mutex<[LoneTask]>([])
    private let ending: @Sendable (WireMessage) -> LoneEnding

    var ran: [LoneTask] { tasks.withLock { $0 } }

    init(_ ending: @escaping @Sendable (WireMessage) -> LoneEnding) {
        self.ending = ending
    }

    convenience init(_ ending: LoneEnding = .killed("nobody runs alone in this test")) {
        self.init { _ in ending }
    }

    func run(_ task: LoneTask) async -> LoneEnding {
        tasks.withLock { $0.append(task) }
        return ending(task.message)
    }
}

extension World {
    /// Hands the messages out and takes them back, as a lost connection does: whoever fetches next gets them redelivered.
    func redeliver(_ messages: [WireMessage]) async throws {
        let before = try await ready()
        await publish(messages)
        let lost = try await broker.consume("alpha", credit: before + messages.count)
        _ = await lost.take(before + messages.count)
        await lost.giveBack()
        try await untilReady(before + messages.count)
    }

    /// A process that nobody has heard of for too long, and that holds no lock.
    func deadWorker() async throws -> String {
        let id = JobID().description
        try await beat(id)
        try await driver.base.write { session throws(StoreError) in
            try session.execute(
                "update workers set heartbeat_at = heartbeat_at - 16000, host = 'elsewhere' where id = :id",
                ["id": .text(id)]
            )
        }
        return id
    }

    /// A process that beats and, on the embedded profile, holds its lock.
    func withLivingWorker(_ body: (String) async throws -> Void) async throws {
        let lock = try (witness as? WorkerLocks).map { locks throws(StoreError) in try ProcessLock(locks) }
        defer { lock?.release() }
        let id = lock?.bootID ?? JobID().description
        try await beat(id)
        try await driver.base.write { session throws(StoreError) in
            try session.execute("update workers set host = 'elsewhere' where id = :id", ["id": .text(id)])
        }
        try await body(id)
    }

    private func beat(_ id: String) async throws {
        try await store.beat(WorkerBeat(id: id, build: "b", queues: [], running: [], state: .up), delivered: [:])
    }
}
