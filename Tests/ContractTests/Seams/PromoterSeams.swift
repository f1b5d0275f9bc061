import JobCore
import Scheduler
import Testing

extension Contract {
    /// Between the store and the broker: what may happen while a job is in neither or in both.
    @Suite(.timeLimit(.minutes(5))) struct PromoterSeams {
        private let lane = QueueAddress("alpha")

        @Test(arguments: Profile.underTest)
        func `a faster worker's new waiting row survives the promoter's delete`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let id = JobID()
                _ = try await world.store.wait([.alpha(id)])
                world.broker.afterPublishing { _ in
                    // The job has run and failed before its promoter has heard the confirm.
                    _ = try? await world.store.wait([.alpha(id, attempt: 2, due: .after(.seconds(60)))])
                }
                let outcome = try await world.promoter("slow").promoteSlice(of: lane)
                #expect(outcome.published == 1)
                #expect(try await world.waiting().map(\.attempt) == [2])
                try await world.untilReady(1)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a row that was written anew survives a promoter that slept through it`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let id = JobID()
                _ = try await world.store.wait([.alpha(id)])
                let asleep = try #require(try await world.claim("asleep", lease: .zero).first)
                try await world.until("another's turn") {
                    let taken = try await world.claim("awake")
                    try await world.store.promoted(taken.map(\.seen), claimant: "awake")
                    return taken.count == 1
                }
                _ = try await world.store.wait([.alpha(id, attempt: 2)])
                try await world.store.promoted([asleep.seen], claimant: "asleep")
                #expect(try await world.waiting().map(\.attempt) == [2])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a promoter that dies after publishing leaves a row that is published again`(profile: Profile) async throws
        {
            try await World.with(profile) { world in
                let id = JobID()
                _ = try await world.store.wait([.alpha(id)])
                let claimed = try await world.claim("dies", lease: .milliseconds(1))
                await world.publish(claimed.map { $0.envelope.wire() })
                try await world.until("promoted by another") {
                    try await world.promoter("lives").promoteSlice(of: lane).published == 1
                }
                #expect(try await world.waiting() == [])
                let consumption = try await world.broker.consume("alpha", credit: 5)
                let copies = await consumption.take(2)
                #expect(copies.map(\.message.messageID) == [id.description, id.description])
                await consumption.giveBack()
            }
        }

        @Test(arguments: Profile.underTest)
        func `an expired claim is taken by another promoter, a living one is not`(profile: Profile) async throws {
            try await World.with(profile) { world in
                _ = try await world.store.wait([.alpha(number: 1)])
                _ = try await world.claim("first", lease: .milliseconds(1))
                try await world.until("expired") { try await world.claim("second").count == 1 }
                #expect(try await world.claim("third") == [])
                #expect(try await world.store.dueLanes().lanes == [])
            }
        }

        @Test(arguments: Profile.underTest)
        func `several promoters publish each job once`(profile: Profile) async throws {
            try await World.with(profile) { world in
                _ = try await world.store.wait((0..<500).map { .alpha(number: $0) })
                await withTaskGroup(of: Void.self) { group in
                    for number in 0..<3 {
                        group.addTask {
                            let promoter = world.promoter("p\(number)")
                            while let outcome = try? await promoter.promoteSlice(of: lane), outcome.published > 0 {}
                        }
                    }
                }
                #expect(try await world.waiting() == [])
                try await world.untilReady(500)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a store that is lost while a job is published does not lose the job`(profile: Profile) async throws {
            try await World.with(profile) { world in
                _ = try await world.store.wait([.alpha()])
                world.broker.afterPublishing { _ in world.driver.goAway() }
                let error = await failure { () throws(StoreError) in
                    _ = try await world.promoter("p").promoteSlice(of: lane)
                }
                #expect(error?.isRetryable == true)
                world.driver.comeBack()
                #expect(try await world.waiting().count == 1)
                try await world.untilReady(1)
            }
        }
    }
}
