import JobCore
import Scheduler
import Testing

extension Contract {
    /// Fires, leases, and what overlaps.
    @Suite(.timeLimit(.minutes(5))) struct Schedules {
        @Test(arguments: Profile.underTest)
        func `a lease has one holder, and each holder a higher token`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let store = world.store
                let first = try #require(try await store.lease("cron", holder: "a", for: .seconds(60)))
                #expect(try await store.lease("cron", holder: "b", for: .seconds(60)) == nil)
                #expect(try await store.lease("cron", holder: "a", for: .milliseconds(30)) == first)
                var second: Lease?
                try await world.until("the lease runs out") {
                    second = try await store.lease("cron", holder: "b", for: .seconds(60))
                    return second != nil
                }
                #expect(second?.token == first.token + 1)
                let schedule = try Self.schedule()
                _ = try await store.enter([schedule])
                let turn = ScheduleTurn(schedule, after: Self.noon, now: Self.noon.advanced(by: .seconds(60)))
                #expect(try await store.fire(schedule, version: 1, turn: turn, under: first) == nil)
                #expect(try await store.fires("nightly", limit: 10).isEmpty)
                try await store.release(try #require(second), holder: "b")
                #expect(try await store.lease("cron", holder: "c", for: .seconds(60))?.token == first.token + 2)
                #expect(try await store.leases().map(\.holder) == ["c"])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a turn that lasts longer than the lease keeps it`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let store = world.store
                let term = LeaderLoop.Term(lease: .seconds(1), renewal: .milliseconds(100))
                let turning = Latch()
                let loop = LeaderLoop(
                    "slow",
                    store: store,
                    holder: "a",
                    term: term,
                    mark: .none,
                    logger: world.logger
                ) { _ in
                    turning.open()
                    while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(50)) }
                    return .seconds(1)
                }
                let running = Task { try await loop.run() }
                await turning.wait()
                let end = ContinuousClock.now.advanced(by: .seconds(3))
                while ContinuousClock.now < end {
                    #expect(try await store.lease("slow", holder: "b", for: .milliseconds(1)) == nil)
                    try await Task.sleep(for: .milliseconds(50))
                }
                running.cancel()
                _ = try? await running.value
            }
        }

        @Test(arguments: Profile.underTest)
        func `an instant fires once, whoever comes`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let store = world.store
                let lease = try #require(try await store.lease("cron", holder: "a", for: .seconds(60)))
                let schedule = try Self.schedule(overlap: .allow)
                let book = try await store.enter([schedule])
                #expect(book.records["nightly"]?.watermark == book.records["nightly"]?.since)
                let turn = ScheduleTurn(schedule, after: Self.noon, now: Self.noon.advanced(by: .seconds(180)))
                #expect(turn.fires.count == 3)
                let fired = try await withThrowingTaskGroup(of: Int?.self) { group in
                    for _ in 0..<4 {
                        group.addTask { try await store.fire(schedule, version: 1, turn: turn, under: lease) }
                    }
                    return try await group.reduce(into: 0) { $0 += $1 ?? 0 }
                }
                #expect(fired == 3)
                #expect(try await store.fires("nightly", limit: 10).map(\.instant) == turn.fires.reversed())
                try await Engine.with(world) { engine in
                    try await engine.untilReturned(3, in: world)
                    try await world.until("their outcomes") {
                        try await store.fires("nightly", limit: 10).allSatisfy { $0.state == .done }
                    }
                }
                let times = try await store.fires("nightly", limit: 10).map(\.runTime)
                #expect(times.allSatisfy { $0 != nil })
            }
        }

        @Test(arguments: Profile.underTest)
        func `a fire that dies is dead, one that is taken back is cancelled`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let store = world.store
                let schedule = try Self.schedule(overlap: .allow)
                _ = try await store.enter([schedule])
                let operation = Operation(kind: "schedule.run", subject: "nightly", actor: "test")
                let later = Self.noon.advanced(by: .seconds(10 * 365 * 86_400))
                #expect(try await store.fire(schedule, version: 1, at: [later], kind: .manual, operation) == 1)
                let waiting = try #require(try await store.fires("nightly", limit: 1).first)
                var chosen = Selector()
                chosen.ids = [waiting.jobID]
                let request = CancelRequest(
                    selector: chosen,
                    operation: "o",
                    actor: "test",
                    subject: "it"
                )
                #expect(try await store.cancelWaiting(request).cancelled == 1)
                #expect(try await store.fires("nightly", limit: 1).first?.state == .cancelled)
                _ = try await store.fire(schedule, version: 1, at: [Self.noon], kind: .manual, operation)
                try await Engine.with(world, Engine.Options(), { _, _ in throw JobError.dead("bad_day", "no") }) { _ in
                    try await world.until("its death") {
                        try await store.fires("nightly", limit: 9).last?.state == .dead
                    }
                }
                #expect(try await store.fires("nightly", limit: 9).last?.error == "bad_day")
            }
        }

        @Test(
            arguments: Profile.underTest,
            [
                (ScheduleDeclaration.Overlap.skip, ["fired", "skipped"]), (.queue, ["fired", "queued"]),
                (.allow, ["fired", "fired"]),
                // The first one still waited: it was taken back, and nothing is in the way of the second.
                (.replace, ["cancelled", "queued"]),
            ]
        )
        func `a fire meets an earlier one`(
            profile: Profile,
            meeting: (overlap: ScheduleDeclaration.Overlap, states: [String])
        ) async throws {
            try await World.with(profile) { world in
                let store = world.store
                let lease = try #require(try await store.lease("cron", holder: "a", for: .seconds(60)))
                let schedule = try Self.schedule(overlap: meeting.overlap)
                _ = try await store.enter([schedule])
                for minute in 0..<2 {
                    let start = Self.noon.advanced(by: .seconds(60 * minute))
                    let turn = ScheduleTurn(schedule, after: start, now: start.advanced(by: .seconds(60)))
                    _ = try await store.fire(schedule, version: 1, turn: turn, under: lease)
                }
                #expect(try await store.fires("nightly", limit: 9).reversed().map(\.state.rawValue) == meeting.states)
                guard meeting.states[1] == "queued" else { return }
                let known = ["nightly": (declaration: schedule, version: 1, patience: Duration.seconds(60))]
                if meeting.overlap == .queue {
                    #expect(try await store.releaseQueued(known, under: lease) == 0)
                    let first = try #require(try await store.fires("nightly", limit: 9).last)
                    let origin = "schedule:nightly@x"
                    try await store.settle([.record(first.jobID, origin: origin, ending: .done, runTime: .seconds(2))])
                }
                #expect(try await store.releaseQueued(known, under: lease) == 1)
                #expect(try await store.fires("nightly", limit: 1).first?.state == .fired)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a running fire that is replaced ends, and the later one starts`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let store = world.store
                let lease = try #require(try await store.lease("cron", holder: "a", for: .seconds(60)))
                let schedule = try Self.schedule(overlap: .replace)
                _ = try await store.enter([schedule])
                let (started, runs) = (Latch(), Mutexed(0))
                let script: Script = { _, _ in
                    runs.value += 1
                    guard runs.value == 1 else { return .done }
                    started.open()
                    try await Task.sleep(for: .seconds(60))
                    return .done
                }
                try await Engine.with(world, Engine.Options(), script) { _ in
                    let first = ScheduleTurn(schedule, after: Self.noon, now: Self.noon.advanced(by: .seconds(60)))
                    _ = try await store.fire(schedule, version: 1, turn: first, under: lease)
                    try await world.until("the first one runs") { started.isOpen }
                    let next = ScheduleTurn(
                        schedule,
                        after: first.watermark,
                        now: first.watermark.advanced(by: .seconds(60))
                    )
                    _ = try await store.fire(schedule, version: 1, turn: next, under: lease)
                    let known = ["nightly": (declaration: schedule, version: 1, patience: Duration.seconds(600))]
                    try await world.until("the later one is done") {
                        _ = try await store.releaseQueued(known, under: lease)
                        return try await store.fires("nightly", limit: 1).first?.state == .done
                    }
                }
                #expect(try await store.fires("nightly", limit: 9).map(\.state) == [.done, .cancelled])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a paused schedule fires nothing, and catches nothing up when it goes on`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let store = world.store
                let lease = try #require(try await store.lease("cron", holder: "a", for: .seconds(60)))
                let schedule = try Self.schedule(overlap: .allow)
                let before = try #require(try await store.enter([schedule]).records["nightly"])
                func operation(_ kind: String) -> Operation { Operation(kind: kind, subject: "nightly", actor: "ana") }
                #expect(try await store.setPaused("nightly", true, operation("schedule.pause")))
                #expect(try await store.setPaused("nightly", true, operation("schedule.pause")) == false)
                let turn = ScheduleTurn(schedule, after: Self.noon, now: Self.noon.advanced(by: .seconds(60)))
                #expect(try await store.fire(schedule, version: 1, turn: turn, under: lease) == 0)
                #expect(try await store.schedules().records["nightly"]?.pausedBy == "ana")
                #expect(try await store.setPaused("nightly", false, operation("schedule.resume")))
                let after = try #require(try await store.schedules().records["nightly"])
                #expect(after.watermark > before.watermark)
                #expect(try await store.fires("nightly", limit: 9).isEmpty)
            }
        }

        @Test(arguments: Profile.underTest)
        func `another timetable begins anew`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let first = try #require(try await world.store.enter([try Self.schedule()]).records["nightly"])
                let same = try #require(try await world.store.enter([try Self.schedule()]).records["nightly"])
                #expect(same == first)
                // Another one each time: a change within the same millisecond begins at the same moment.
                var minute = 0
                try await world.until("the clock has gone on") {
                    minute += 1
                    let changed = try Self.schedule(cron: "\(minute % 60) 3 * * *")
                    return try await world.store.enter([changed]).records["nightly"]?.watermark != first.watermark
                }
            }
        }

        @Test(arguments: Profile.underTest)
        func `loops say who they are`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var sign = LoopSign()
                sign.leads = true
                sign.worked = .now
                try await world.store.sign(["cron": sign, "promoter": LoopSign()], process: "p1")
                sign.error = "store_unavailable"
                try await world.store.sign(["cron": sign], process: "p1")
                let loops = try await world.store.loops()
                #expect(loops.map(\.name) == ["cron", "promoter"])
                #expect(loops.map(\.leads) == [true, false])
                #expect(loops[0].error == "store_unavailable")
                #expect(loops[1].workedAgo == nil)
                try await world.store.forgetLoops(of: "p1")
                #expect(try await world.store.loops().isEmpty)
            }
        }

        static let noon = Timestamp(milliseconds: 1_790_000_000_000 / 60_000 * 60_000)

        static func schedule(
            overlap: ScheduleDeclaration.Overlap = .skip,
            cron: String = "* * * * *"
        ) throws -> ScheduleDeclaration {
            let timetable = CronTimetable(try CronExpression(cron), zone: .utc)
            let place = ManifestPlace(file: "test")
            var schedule = ScheduleDeclaration(
                name: "nightly",
                timetable: timetable,
                job: "alpha.work",
                declaredAt: place
            )
            schedule.overlap = overlap
            schedule.payload = Array(#"{"number":1}"#.utf8)
            schedule.catchUp = .all
            schedule.catchUpWindow = .seconds(400 * 86_400)
            return schedule
        }
    }
}
