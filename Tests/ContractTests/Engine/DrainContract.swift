import JobCore
import Scheduler
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct Draining {
        private struct Failed: Error {}

        @Test(arguments: Profile.underTest)
        func `a drain under load loses nothing, doubles nothing and charges nobody`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await world.publish((0..<400).map { .numbered($0) })
                let script: Script = { _, _ in
                    try await Task.sleep(for: .milliseconds(10))
                    return .done
                }
                var done: Set<Int> = []
                try await Engine.with(world, Engine.Options(), script) { engine in
                    try await engine.untilReturned(50, in: world)
                    let took = try await ContinuousClock().measure { try await engine.shutDown() }
                    #expect(took < .seconds(5))
                    done = Set(engine.journal.returned.map(\.number))
                    #expect(engine.journal.lines.allSatisfy { $0.returned && $0.attempt == 1 })
                    #expect(done.count == engine.journal.lines.count)
                }
                try await world.untilReady(400 - done.count)
                let consumption = try await world.broker.consume("alpha", credit: 500)
                let rest = await consumption.take(400 - done.count)
                await consumption.giveBack()
                // What was on its way to a consumer that ends comes back first on RabbitMQ: the order is not promised.
                #expect(rest.map(\.message.number).sorted() == (0..<400).filter { !done.contains($0) })
                #expect(rest.allSatisfy { $0.message.headers[HeaderName.attempt] == nil })
                #expect(try await world.letters() == [])
                #expect(try await world.waiting() == [])
            }
        }

        @Test(arguments: Profile.underTest)
        func `what runs when the drain begins may finish`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let (began, mayEnd) = (Latch(), Latch())
                let script: Script = { _, _ in
                    began.open()
                    await mayEnd.wait()
                    return .done
                }
                try await Engine.with(world, Engine.Options(), script) { engine in
                    try await world.client.enqueue(AlphaJob(number: 1))
                    await began.wait()
                    async let ended: Void = engine.shutDown()
                    try await world.until("nothing more is fetched") { world.broker.stops >= 3 }
                    mayEnd.open()
                    try await ended
                    #expect(engine.journal.returned.count == 1)
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a job that outlasts the grace is cancelled and goes back uncharged`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var options = Engine.Options()
                options.grace = .milliseconds(300)
                let script: Script = { number, _ in
                    do {
                        try await Task.sleep(for: .seconds(600))
                    } catch {
                        // What a worker makes of its cancellation is not its own failure.
                        if number == 2 { throw JobError.dead("mine", "gave up") }
                        throw error
                    }
                    return .done
                }
                try await Engine.with(world, options, script) { engine in
                    await world.publish([.numbered(1), .numbered(2)])
                    try await world.until("both run") { engine.journal.lines.count == 2 }
                    let took = try await ContinuousClock().measure { try await engine.shutDown() }
                    #expect(took >= .milliseconds(300))
                    #expect(took < .seconds(5))
                }
                try await world.untilReady(2)
                #expect(try await world.letters() == [])
                #expect(try await world.waiting() == [])
                let consumption = try await world.broker.consume("alpha", credit: 5)
                let back = await consumption.take(2)
                #expect(back.map(\.message.number) == [1, 2])
                #expect(back.allSatisfy { $0.redelivered && $0.message.headers[HeaderName.attempt] == nil })
                await consumption.giveBack()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a process that has drained has said so`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await Engine.with(world) { engine in
                    try await world.until("up") { try await world.store.workers().map(\.state) == [.up] }
                    try await world.client.enqueue(AlphaJob(number: 1))
                    try await engine.untilReturned(1, in: world)
                }
                #expect(try await world.store.workers().map(\.state) == [.gone])
                #expect(try await world.store.counts()[QueueAddress("alpha")]?.done == 1)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a promoter that shuts down has deleted what it published`(profile: Profile) async throws {
            try await World.with(profile) { world in
                _ = try await world.store.wait((0..<600).map { .alpha(number: $0) })
                let (published, mayGoOn) = (Latch(), Latch())
                world.broker.afterPublishing { _ in
                    published.open()
                    await mayGoOn.wait()
                }
                // So answers a busy pool of connections to a caller whose task is cancelled.
                world.driver.fail { _ in Task.isCancelled ? .unavailable("cancelled in the line") : nil }
                let running = Task { try await world.promoter("p").run() }
                await published.wait()
                running.cancel()
                mayGoOn.open()
                try await running.value
                world.driver.comeBack()
                let waiting = try await world.waiting(.of { $0.limit = 0 }).count
                #expect(waiting < 600)
                try await world.untilReady(600 - waiting)
            }
        }
    }
}
