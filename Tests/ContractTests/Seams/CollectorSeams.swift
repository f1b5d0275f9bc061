import JobCore
import Testing

extension Contract {
    /// Between the broker's dead-letter queues and the store.
    @Suite(.timeLimit(.minutes(5))) struct CollectorSeams {
        private let options: Engine.Options = {
            var options = Engine.Options()
            options.works = false
            return options
        }()

        private func dead(_ number: Int, headers: Headers = [:]) -> WireMessage {
            .numbered(number, key: "dead.letter", headers: headers)
        }

        @Test(arguments: Profile.underTest)
        func `what was dead-lettered becomes a letter, and leaves the broker`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let death: HeaderValue = .table(["queue": .string("alpha.high"), "reason": .string("rejected")])
                await world.publish([
                    dead(1, headers: [HeaderName.attempt: .int(4), "mine": .bytes([0, 255])]),
                    dead(2, headers: ["x-death": .list([death])]),
                    .numbered(3, key: "lost.letter"),
                ])
                try await Engine.with(world, options) { _ in
                    try await world.until("three letters") { try await world.letters().count == 3 }
                }
                let letters = try await world.letters()
                func letter(_ number: Int) throws -> LetterRecord {
                    try #require(letters.first { $0.payload == WireMessage.numbered(number).body })
                }
                #expect(try letter(1).errorType == "broker_rejected")
                #expect(try letter(1).address == QueueAddress("alpha"))
                #expect(try letter(1).attempts == 4)
                #expect(try letter(1).headers["mine"] == .bytes([0, 255]))
                #expect(try letter(2).address == QueueAddress("alpha", .high))
                #expect(try letter(2).headers["x-death"] == nil)
                #expect(try letter(3).errorType == "unroutable")
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a letter that cannot be stored never blocks the next`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await world.refuseEqualPayloads()
                await world.publish([dead(1), dead(1), dead(2)])
                try await Engine.with(world, options) { _ in
                    try await world.until("three letters") { try await world.letters().count == 3 }
                    await world.publish([dead(3)])
                    try await world.until("four letters") { try await world.letters().count == 4 }
                }
                let bodies = try await world.letters().map(\.payload)
                #expect(bodies.filter { $0 == [] }.count == 1)
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `letters wait in the broker while the store is away`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await Engine.with(world, options) { _ in
                    world.driver.goAway()
                    await world.publish([dead(1), dead(2)])
                    try await world.until("away") { world.driver.refusals >= 2 }
                    world.driver.comeBack()
                    try await world.until("two letters") { try await world.letters().count == 2 }
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a letter that is delivered again is one letter`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let lost = Mutexed(false)
                world.broker.beforeAcknowledging { _ in
                    defer { lost.value = true }
                    return lost.value ? .pass : .lose
                }
                await world.publish([dead(1)])
                try await Engine.with(world, options) { _ in
                    try await world.until("stored, and not acknowledged") { lost.value }
                    await world.publish([dead(2)])
                    try await world.until("two letters") { try await world.letters().count == 2 }
                }
                let ids = try await world.letters().map(\.jobID)
                #expect(Set(ids).count == 2)
                try await world.expectNothingLeft()
            }
        }
    }
}
