import JobCore
import Synchronization
import Testing

extension Contract {
    /// Between a job's end and its acknowledgement.
    @Suite(.timeLimit(.minutes(5))) struct SettleSeams {
        private struct Failed: Error {}

        /// Ends the consumption in place of the first acknowledgement, having looked at the store.
        private func interrupt(_ world: World, _ look: @escaping @Sendable () async -> Bool) -> Mutexed<Bool?> {
            let found = Mutexed<Bool?>(nil)
            world.broker.beforeAcknowledging { _ in
                guard found.value == nil else { return .pass }
                found.value = await look()
                return .lose
            }
            return found
        }

        @Test(arguments: Profile.underTest)
        func `a settle is written before the acknowledgement`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let found = interrupt(world) { (try? await world.waiting().map(\.attempt)) == [2] }
                var options = Engine.Options()
                options.promotes = false
                let script: Script = { _, _ in throw JobError.retry(after: .seconds(60), "failed", "first") }
                try await Engine.with(world, options, script) { engine in
                    await world.publish([.numbered(1)])
                    try await world.until("the lost acknowledgement") { found.value != nil }
                    #expect(found.value == true)
                }
                // The job has come back, and its row was there before.
                try await world.untilReady(1)
                #expect(try await world.waiting().count == 1)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a letter is stored before the acknowledgement, and once`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let found = interrupt(world) { (try? await world.letters().count) == 1 }
                let script: Script = { _, _ in throw JobError.dead("bad", "for good") }
                try await Engine.with(world, Engine.Options(), script) { _ in
                    await world.publish([.numbered(1)])
                    try await world.until("dead") { found.value != nil }
                }
                #expect(found.value == true)
                try await world.untilReady(1)
                try await Engine.with(world, Engine.Options(), script) { engine in
                    try await world.until("looked up") { world.driver.lookUps > 0 }
                    try await engine.shutDown()
                    #expect(engine.journal.lines == [], "it is known to be dead")
                }
                #expect(try await world.letters().count == 1)
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a stale acknowledgement is not an error`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let found = interrupt(world) { true }
                try await Engine.with(world) { engine in
                    await world.publish((0..<3).map { .numbered($0) })
                    try await world.until("lost") { found.value != nil }
                    try await world.until("each has run") { Set(engine.journal.returned.map(\.number)).count == 3 }
                }
                try await Engine.with(world) { engine in
                    await world.publish([.numbered(3)])
                    try await world.until("the rest") { engine.journal.returned.contains { $0.number == 3 } }
                }
                try await world.expectNothingLeft()
                #expect(try await world.letters() == [])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a job that is done is acknowledged after it has returned`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let journal = Mutexed<Journal?>(nil)
                let early = Mutexed(0)
                world.broker.beforeAcknowledging { _ in
                    if journal.value?.returned.isEmpty != false { early.value += 1 }
                    return .pass
                }
                try await Engine.with(world) { engine in
                    journal.value = engine.journal
                    await world.publish([.numbered(1)])
                    try await engine.untilReturned(1, in: world)
                }
                #expect(early.value == 0)
                try await world.expectNothingLeft()
            }
        }
    }
}

/// A value that a hook and a test share.
final class Mutexed<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) { state = Mutex(value) }

    var value: Value {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
