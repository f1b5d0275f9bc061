import JobCore
import Synchronization
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct Parking {
        private struct Failed: Error {}

        @Test(arguments: Profile.underTest)
        func `while the store is away the queues park, and go on when it is back`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var options = Engine.Options()
                options.patience = .milliseconds(100)
                options.concurrency = 4
                options.promotes = false
                let gone = Latch()
                let script: Script = { _, context in
                    await gone.wait()
                    if context.attempt == 1 { throw Failed() }
                    return .done
                }
                try await Engine.with(world, options, script) { engine in
                    await world.publish((0..<7).map { .numbered($0) })
                    try await world.until("four run") { engine.journal.lines.count == 4 }
                    await world.publish((7..<10).map { .numbered($0, key: "alpha.work.high") })
                    try await world.untilReady(0, in: "alpha.high")
                    let questions = Mutex(0)
                    world.driver.fail { isWrite in
                        if !isWrite { questions.withLock { $0 += 1 } }
                        return .unavailable("away for a test")
                    }
                    gone.open()
                    try await world.untilReady(7)
                    try await world.untilReady(3, in: "alpha.high")
                    let (begun, fetches) = (engine.journal.lines.count, world.broker.fetches)
                    // The pauses between questions grow: three more are some time.
                    let asked = questions.withLock { $0 }
                    try await world.until("asked again") { questions.withLock { $0 } >= asked + 3 }
                    #expect(engine.journal.lines.count == begun)
                    #expect(world.broker.fetches - fetches <= 2, "a parked lane does not fetch")
                    world.driver.comeBack()
                    try await world.until("each has failed once") { try await world.waiting().count == 10 }
                }
                #expect(try await world.letters() == [])
                #expect(try await world.waiting().allSatisfy { $0.attempt == 2 })
                try await world.untilReady(0)
                try await world.untilReady(0, in: "alpha.high")
            }
        }

        @Test(arguments: Profile.underTest)
        func `a short absence of the store is waited for, and nothing runs twice`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let script: Script = { _, context in
                    guard context.attempt == 1 else { return .done }
                    world.driver.goAway()
                    throw Failed()
                }
                try await Engine.with(world, Engine.Options(), script) { engine in
                    await world.publish([.numbered(1)])
                    try await world.until("away") { world.driver.refusals >= 3 }
                    world.driver.comeBack()
                    try await engine.untilReturned(1, in: world)
                    #expect(engine.journal.lines.map(\.attempt) == [1, 2])
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a pool drains also while the store is away`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var options = Engine.Options()
                options.patience = .milliseconds(100)
                let script: Script = { _, _ in
                    world.driver.goAway()
                    throw Failed()
                }
                try await Engine.with(world, options, script) { engine in
                    await world.publish([.numbered(1)])
                    try await world.until("away") { world.driver.refusals >= 3 }
                    let took = try await ContinuousClock().measure { try await engine.shutDown() }
                    #expect(took < .seconds(10))
                }
                world.driver.comeBack()
                try await world.untilReady(1)
                #expect(try await world.waiting() == [])
            }
        }
    }
}
