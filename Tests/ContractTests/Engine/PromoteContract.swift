import JobCore
import Synchronization
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct Promoting {
        @Test(arguments: Profile.underTest)
        func `a delayed job is published within a quarter of a second of its due time`(profile: Profile) async throws {
            try await World.with(profile, alone: true) { world in
                let late = Mutex<[Duration]>([])
                world.broker.afterPublishing { messages in
                    let now = Timestamp.now()
                    let delays = messages.compactMap { message -> Duration? in
                        guard case .int(let due)? = message.headers[HeaderName.readyAt] else { return nil }
                        return now.duration(since: Timestamp(milliseconds: due))
                    }
                    late.withLock { $0 += delays }
                }
                var options = Engine.Options()
                options.works = false
                options.collects = false
                try await Engine.with(world, options) { _ in
                    let start = try await world.store.now()
                    let entries = (0..<200).map { index in
                        WaitingEntry.alpha(
                            number: index,
                            lane: index.isMultiple(of: 5) ? .high : .normal,
                            due: .at(start.advanced(by: .milliseconds(1000 + index * 13)))
                        )
                    }
                    _ = try await world.store.wait(entries)
                    try await world.until("all published") { late.withLock { $0.count } >= 200 }
                }
                let sorted = late.withLock { $0 }.sorted()
                let (median, tail) = (sorted[100], sorted[190])
                print(
                    "contract: promoted after due on \(profile): p50 \(median.milliseconds) ms, p95 \(tail.milliseconds) ms"
                )
                #expect(sorted.count == 200)
                #expect(sorted[0] >= .zero)
                #expect(median < .milliseconds(250))
                // A loaded machine may keep a thread waiting for as long again.
                #expect(tail < .milliseconds(500))
            }
        }

        @Test(arguments: Profile.underTest)
        func `a full queue keeps its jobs waiting, and no other lane`(profile: Profile) async throws {
            try await World.with(profile, topology: .small(limit: 3)) { world in
                var options = Engine.Options()
                options.works = false
                var accepted = 0
                while await world.broker.publish([.numbered(0)], deadline: .seconds(5))[0].error == nil {
                    accepted += 1
                }
                _ = try await world.store.wait([.alpha(number: 1), .alpha(number: 2, lane: .high)])
                try await Engine.with(world, options) { _ in
                    try await world.untilReady(1, in: "alpha.high")
                    try await world.until("one row") {
                        try await world.waiting().map(\.address) == [QueueAddress("alpha")]
                    }
                    let consumption = try await world.broker.consume("alpha", credit: 100)
                    let deliveries = await consumption.take(accepted)
                    try await consumption.acknowledge(deliveries.map(\.tag))
                    let promoted = await consumption.take(1)
                    #expect(promoted.map(\.message.number) == [1])
                    await consumption.giveBack()
                    try await world.until("no row") { try await world.waiting() == [] }
                }
            }
        }

        @Test(arguments: Profile.underTest)
        func `a job whose type has moved goes to its new queue`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let (moved, orphan) = (JobID(), JobID())
                var entry = WaitingEntry.alpha(moved)
                entry.address = QueueAddress("alpha", .bulk)
                var lost = WaitingEntry.alpha(orphan)
                lost.envelope.job = "nobody.home"
                _ = try await world.store.wait([entry, lost])
                var options = Engine.Options()
                options.works = false
                try await Engine.with(world, options) { _ in
                    try await world.untilReady(1)
                    try await world.until("a letter") { try await world.letters().count == 1 }
                    #expect(try await world.letters().map(\.jobID) == [orphan])
                    #expect(try await world.letters().map(\.errorType) == ["unroutable"])
                    try await world.until("no row") { try await world.waiting() == [] }
                }
            }
        }
    }
}
