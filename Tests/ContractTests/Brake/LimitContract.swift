import JobCore
import Testing

extension Contract {
    /// What may start at once, in a while, in a day.
    @Suite(.timeLimit(.minutes(3))) struct Limits {
        private func rate(_ count: Int, _ period: Duration, burst: Int = 1) -> LimitRule {
            .rate(LimitRule.Rate(count: count, period: period, burst: burst))
        }

        private func ask(_ limit: LimitDeclaration, key: String = "", patience: Duration = .zero) -> LimitAsk {
            LimitAsk(
                job: JobID(),
                queue: "alpha",
                worker: "worker",
                shares: [.init(limit, key: key)],
                patience: patience,
                holding: .seconds(60)
            )
        }

        @Test(arguments: Profile.underTest)
        func `a rate gives its slots away one by one, to many processes that ask at once`(profile: Profile) async throws
        {
            try await World.with(profile) { world in
                let limit = LimitDeclaration(name: "r", scope: .queue("alpha"), rule: rate(10, .seconds(1), burst: 5))
                let store = world.store
                let asked = ContinuousClock.now
                let answers = try await withThrowingTaskGroup(of: [LimitAnswer].self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            var answers: [LimitAnswer] = []
                            for _ in 0..<10 {
                                answers += try await store.admit([self.ask(limit, patience: .seconds(600))])
                            }
                            return answers
                        }
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                let took = asked.duration(to: .now)
                let waits = answers.compactMap { answer -> Duration? in
                    if case .granted(let wait) = answer { wait } else { nil }
                }
                #expect(waits.count == 80)
                // Five at once, then one each tenth of a second: the last of eighty after 7.5 s, less the time they took to ask.
                let last = try #require(waits.max())
                #expect(last <= .seconds(7.5) && last > .seconds(7.5) - took - .milliseconds(200), "\(last) \(took)")
                let record = try #require(try await store.limits(periods: [:])["r"])
                #expect(record.granted == 80)
            }
        }

        @Test(arguments: Profile.underTest)
        func `each key has its own slots`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let limit = LimitDeclaration(
                    name: "k",
                    scope: .job("alpha.work"),
                    key: "number",
                    rule: rate(1, .seconds(60))
                )
                let answers = try await world.store.admit(["a", "b", "a", "b"].map { ask(limit, key: $0) })
                #expect(answers.prefix(2).allSatisfy { $0 == .granted(after: .zero) })
                for answer in answers.suffix(2) {
                    guard case .wait(.after(let wait), let reserved) = answer else {
                        Issue.record("\(answer)")
                        continue
                    }
                    #expect(reserved == ["k"] && wait > .seconds(59))
                }
            }
        }

        @Test(arguments: Profile.underTest)
        func `a denied job waits once, then runs without asking again`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var options = Engine.Options()
                options.limits = [
                    LimitDeclaration(name: "r", scope: .job("alpha.work"), rule: rate(1, .seconds(2)))
                ]
                options.timeout = .seconds(1)
                try await Engine.with(world, options) { engine in
                    try await world.enqueue(0..<3)
                    try await engine.untilReturned(3, in: world)
                    let began = engine.journal.lines.map(\.began).sorted()
                    #expect(began[1].duration(since: began[0]) >= .milliseconds(1900))
                    #expect(began[2].duration(since: began[0]) >= .milliseconds(3900))
                    #expect(engine.journal.lines.allSatisfy { $0.attempt == 1 })
                    let record = try await world.store.limits(periods: [:])["r"]
                    #expect(record?.granted == 3, "each has asked once")
                }
                #expect(try await world.store.counts()[QueueAddress("alpha")]?.snoozed == 2)
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `no more run at once than there are places, in three pools, and the line is served in its order`(
            profile: Profile
        ) async throws {
            try await World.with(profile) { world in
                var options = Engine.Options()
                options.limits = [
                    LimitDeclaration(name: "c", scope: .queue("alpha"), rule: .concurrency(2))
                ]
                let running = Journal(world.signal)
                let script: Script = { number, context in
                    try await running.write("all", number, context) {
                        try await Task.sleep(for: .milliseconds(30))
                        return .done
                    }
                }
                let all = (0..<3).map { number in
                    var options = options
                    options.worker = "worker-\(number)"
                    return options
                }
                try await Engine.with(world, all[0], script) { _ in
                    try await Engine.with(world, all[1], script) { _ in
                        try await Engine.with(world, all[2], script) { _ in
                            try await world.enqueue(0..<60)
                            try await world.until("all ran") { running.returned.count == 60 }
                        }
                    }
                }
                #expect(running.mostRunning == 2)
                #expect(running.lines.count == 60, "each ran once")
                let record = try await world.store.limits(periods: [:])["c"]
                #expect(record?.held == 0 && record?.linedUp == 0)
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a limit that is raised lets the line go on`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var options = Engine.Options()
                options.limits = [LimitDeclaration(name: "c", scope: .queue("alpha"), rule: .concurrency(1))]
                let gate = Latch()
                let script: Script = { _, _ in
                    await gate.wait()
                    return .done
                }
                try await Engine.with(world, options, script) { engine in
                    try await world.enqueue(0..<5)
                    try await world.until("one runs, four line up") {
                        guard engine.journal.running == 1 else { return false }
                        return try await world.store.limits(periods: [:])["c"]?.linedUp == 4
                    }
                    let operation = JobCore.Operation(kind: "limit.set", subject: "c", actor: "test")
                    try await world.store.setLimit("c", amount: 3, period: nil, burst: nil, operation)
                    try await world.until("three run") { engine.journal.running == 3 }
                    gate.open()
                    try await engine.untilReturned(5, in: world)
                }
                try await world.expectNothingLeft()
            }
        }

        private struct Dead: DeathWitness {
            let worker: String

            func isKnownDead(_ sign: LastSign) -> Bool { sign.worker == worker }
        }

        @Test(arguments: Profile.underTest)
        func `what a dead process holds goes to the line, and the line's jobs are due at once`(
            profile: Profile
        ) async throws {
            try await World.with(profile) { world in
                let limit = LimitDeclaration(name: "c", scope: .queue("alpha"), rule: .concurrency(1))
                let (first, second) = (ask(limit), ask(limit))
                #expect(try await world.store.admit([first]) == [.granted(after: .zero)])
                guard case .wait(let due, let reserved) = try await world.store.admit([second])[0] else {
                    Issue.record("there is one place")
                    return
                }
                var envelope = Envelope(
                    id: second.job,
                    job: "alpha.work",
                    payload: Array("{}".utf8),
                    enqueuedAt: .now(),
                    readyAt: .now()
                )
                envelope.carried[HeaderName.reserved] = .string(reserved.joined(separator: ","))
                let entry = WaitingEntry(envelope: envelope, address: QueueAddress("alpha"), due: due, reason: .limit)
                _ = try await world.store.wait([entry])
                #expect(try await world.store.dueLanes().lanes.isEmpty)
                let beat = WorkerBeat(id: "worker", build: "b", queues: ["alpha"], running: [], state: .up)
                try await world.store.beat(beat, delivered: [:])
                let witness = Dead(worker: "worker")
                #expect(try await world.store.freeSlots(ofDead: NobodyIsDead()) == 0)
                #expect(try await world.store.freeSlots(ofDead: witness) == 1)
                #expect(try await world.store.dueLanes().lanes == [QueueAddress("alpha")])
                // It comes back, and its place was kept for it alone.
                guard case .wait = try await world.store.admit([ask(limit)])[0] else {
                    Issue.record("the place is kept")
                    return
                }
                #expect(try await world.store.admit([second]) == [.granted(after: .zero)])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a budget stops to the job, and its jobs wait for the period that has room`(
            profile: Profile
        ) async throws {
            try await World.with(profile) { world in
                let quota = LimitRule.Quota(budget: 3, period: .day, zone: try ZoneFile.rules("America/Sao_Paulo"))
                let limit = LimitDeclaration(name: "q", scope: .queue("alpha"), rule: .quota(quota))
                var answers: [LimitAnswer] = []
                for _ in 0..<8 { answers += try await world.store.admit([ask(limit)]) }
                let now = try await world.store.now()
                let (today, tomorrow) = quota.period.bounds(of: now, in: quota.zone)
                let (_, after) = quota.period.bounds(of: tomorrow, in: quota.zone)
                #expect(answers.prefix(3).allSatisfy { $0 == .granted(after: .zero) })
                #expect(answers[3..<6].allSatisfy { $0 == .wait(.at(tomorrow), reserved: ["q"]) })
                #expect(answers[6...].allSatisfy { $0 == .wait(.at(after), reserved: ["q"]) })
                #expect(try await world.store.limits(periods: ["q": today])["q"]?.used == 3)
                #expect(try await world.store.limits(periods: ["q": after])["q"]?.used == 2)
            }
        }

        @Test(arguments: Profile.underTest)
        func `what is set by hand holds until it is reset`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let limit = LimitDeclaration(name: "r", scope: .queue("alpha"), rule: rate(1, .seconds(3600)))
                let operation = JobCore.Operation(kind: "limit.set", subject: "r", actor: "test")
                try await world.store.setLimit("r", amount: 1_000, period: .seconds(1), burst: 10, operation)
                let answers = try await world.store.admit((0..<10).map { _ in ask(limit) })
                #expect(answers.allSatisfy { $0 == .granted(after: .zero) })
                // A second setting for a moment: then the manifest's holds by itself.
                try await world.store.setLimit(
                    "r",
                    amount: 500,
                    period: .seconds(1),
                    burst: 1,
                    for: .milliseconds(300),
                    operation
                )
                #expect(try await world.store.limitSettings()["r"]?.amount == 500)
                try await world.until("its time is over") { try await world.store.limitSettings().isEmpty }
                let reset = JobCore.Operation(kind: "limit.reset", subject: "r", actor: "test")
                try await world.store.resetLimit("r", reset)
                #expect(try await world.store.admit([ask(limit)]) == [.granted(after: .zero)])
                let denied = try await world.store.admit([ask(limit)])
                if case .wait = denied[0] { return }
                Issue.record("\(denied)")
            }
        }

        @Test(arguments: Profile.underTest)
        func `stale work is shed and counted, with a letter or without`(profile: Profile) async throws {
            for sheds in [false, true] {
                try await World.with(profile) { world in
                    try await world.client.enqueue(AlphaJob(number: 1))
                    var options = Engine.Options()
                    options.expiresAfter = .milliseconds(1)
                    options.shedsExpired = sheds
                    try await Engine.with(world, options) { engine in
                        try await world.untilReady(0)
                        try await engine.shutDown()
                        #expect(engine.journal.lines.isEmpty)
                    }
                    #expect(try await world.letters().map(\.errorType) == (sheds ? [] : ["expired"]))
                    #expect(try await world.store.counts()[QueueAddress("alpha")]?.shed == 1)
                }
            }
        }
    }
}
