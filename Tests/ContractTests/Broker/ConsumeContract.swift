import JobCore
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct Consuming {
        @Test(arguments: Profile.underTest)
        func `no more is handed out than the credit allows`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await world.publish((0..<10).map { .numbered($0) })
                let consumption = try await world.broker.consume("alpha", credit: 3)
                let first = await consumption.take(3)
                #expect(first.map(\.message.number) == [0, 1, 2])
                try await world.untilReady(7)
                try await consumption.acknowledge([first[0].tag, first[1].tag])
                let next = await consumption.take(2)
                #expect(next.map(\.message.number) == [3, 4])
                try await world.untilReady(5)
                await consumption.giveBack()
            }
        }

        @Test(arguments: Profile.underTest)
        func `more credit brings more at once, and what came before is settled as ever`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await world.publish((0..<40).map { .numbered($0) })
                let consumption = try await world.broker.consume("alpha", credit: 2)
                let first = await consumption.take(2)
                try await world.untilReady(38)
                await consumption.setCredit(30)
                let more = await consumption.take(20)
                #expect((first + more).map(\.message.number) == Array(0..<first.count + more.count))
                #expect((first + more).allSatisfy { !$0.redelivered })
                try await consumption.acknowledge((first + more).map(\.tag))
                let rest = await consumption.take(40 - first.count - more.count)
                try await consumption.acknowledge(rest.map(\.tag))
                #expect((first + more + rest).map(\.message.number) == Array(0..<40))
                await consumption.giveBack()
                try await world.untilReady(0)
            }
        }

        @Test(arguments: Profile.underTest)
        func `less credit brings nothing until enough is acknowledged`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await world.publish((0..<40).map { .numbered($0) })
                let consumption = try await world.broker.consume("alpha", credit: 20)
                let first = await consumption.take(20)
                await consumption.setCredit(3)
                try await consumption.acknowledge(first.prefix(17).map(\.tag))
                try await world.untilReady(20)
                try await consumption.acknowledge(first.dropFirst(17).map(\.tag))
                let next = await consumption.take(3)
                #expect(next.map(\.message.number) == [20, 21, 22])
                try await world.untilReady(17)
                await consumption.giveBack()
                try await world.untilReady(20)
            }
        }

        @Test(arguments: Profile.underTest)
        func `credit may change while the fetch stops or ends, and means nothing after`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await world.publish((0..<20).map { .numbered($0) })
                for round in 0..<12 {
                    let consumption = try await world.broker.consume("alpha", credit: 4)
                    let taken = await consumption.take(2)
                    async let changed: Void = consumption.setCredit(round.isMultiple(of: 2) ? 9 : 2)
                    if round.isMultiple(of: 3) { await consumption.stop() }
                    if round % 4 == 1 { await consumption.setCredit(6) }
                    await consumption.giveBack()
                    await changed
                    await consumption.setCredit(100)
                    #expect(await consumption.next() == nil)
                    let late = await failure { () throws(BrokerError) in
                        try await consumption.acknowledge([taken[0].tag])
                    }
                    #expect(late == .stale)
                    try await world.untilReady(20)
                }
                let last = try await world.broker.consume("alpha", credit: 20)
                #expect(await last.take(20).map(\.message.number) == Array(0..<20))
                await last.giveBack()
            }
        }

        @Test(arguments: Profile.underTest)
        func `what is acknowledged never comes again`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await world.publish((0..<5).map { .numbered($0) })
                let consumption = try await world.broker.consume("alpha", credit: 10)
                let deliveries = await consumption.take(5)
                try await consumption.acknowledge(deliveries.map(\.tag))
                await consumption.giveBack()
                await world.publish([.numbered(99)])
                let later = try await world.broker.consume("alpha", credit: 10)
                #expect(await later.take(1).map(\.message.number) == [99])
                await later.giveBack()
                try await world.untilReady(1)
            }
        }

        @Test(arguments: Profile.underTest)
        func `after a stop nothing new comes, and what came can be settled`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await world.publish((0..<5).map { .numbered($0) })
                let consumption = try await world.broker.consume("alpha", credit: 2)
                let deliveries = await consumption.take(2)
                await consumption.stop()
                try await consumption.acknowledge(deliveries.map(\.tag))
                #expect(await consumption.next() == nil)
                await consumption.stop()
                await consumption.giveBack()
                try await world.untilReady(3)
                let later = try await world.broker.consume("alpha", credit: 10)
                #expect(await later.take(3).map(\.message.number) == [2, 3, 4])
                await later.giveBack()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a stop ends a call that waits for the next delivery`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let consumption = try await world.broker.consume("alpha", credit: 2)
                async let next = consumption.next()
                await consumption.stop()
                #expect(await next == nil)
                await consumption.giveBack()
            }
        }

        @Test(arguments: Profile.underTest)
        func `what is given back comes again in its order, marked`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await world.publish((0..<5).map { .numbered($0) })
                let consumption = try await world.broker.consume("alpha", credit: 5)
                let deliveries = await consumption.take(5)
                try await consumption.acknowledge([deliveries[1].tag])
                await consumption.giveBack()
                #expect(await consumption.next() == nil)
                await world.publish([.numbered(5)])
                let later = try await world.broker.consume("alpha", credit: 10)
                let again = await later.take(5)
                #expect(again.map(\.message.number) == [0, 2, 3, 4, 5])
                #expect(again.map(\.redelivered) == [true, true, true, true, false])
                await later.giveBack()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a consumer's work is shared with another`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let first = try await world.broker.consume("alpha", credit: 10)
                let second = try await world.broker.consume("alpha", credit: 10)
                await world.publish((0..<20).map { .numbered($0) })
                async let one = first.take(1)
                async let two = second.take(1)
                let numbers = await (one + two).map(\.message.number)
                #expect(Set(numbers).count == numbers.count)
                await first.giveBack()
                await second.giveBack()
                try await world.untilReady(20)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a stale tag is said to be stale, and the others count`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await world.publish((0..<3).map { .numbered($0) })
                let consumption = try await world.broker.consume("alpha", credit: 5)
                let tags = await consumption.take(3).map(\.tag)
                let unknown = DeliveryTag(generation: tags[0].generation, number: .max)
                let earlier = DeliveryTag(generation: .max, number: tags[1].number)
                let mixed = await failure { () throws(BrokerError) in
                    try await consumption.acknowledge([tags[0], unknown, earlier])
                }
                #expect(mixed == .stale)
                let twice = await failure { () throws(BrokerError) in try await consumption.acknowledge([tags[0]]) }
                #expect(twice == .stale)
                await consumption.giveBack()
                let late = await failure { () throws(BrokerError) in try await consumption.acknowledge([tags[1]]) }
                #expect(late == .stale)
                try await world.untilReady(2)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a queue that is not declared is missing`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let error = await failure { () throws(BrokerError) in
                    _ = try await world.broker.consume("gamma", credit: 1)
                }
                guard case .queueMissing(let name) = error else {
                    Issue.record("got \(String(describing: error))")
                    return
                }
                #expect(name.contains("gamma"))
            }
        }
    }
}
