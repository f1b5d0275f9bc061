import JobCore
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct Publishing {
        @Test(arguments: Profile.underTest)
        func `what is published comes in its order`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await world.publish((0..<300).map { .numbered($0) })
                await world.publish((300..<310).map { .numbered($0) })
                let consumption = try await world.broker.consume("alpha", credit: 400)
                let deliveries = await consumption.take(310)
                #expect(deliveries.map(\.message.number) == Array(0..<310))
                #expect(deliveries.filter(\.redelivered).isEmpty)
                try await consumption.acknowledge(deliveries.map(\.tag))
                await consumption.giveBack()
            }
        }

        @Test(arguments: Profile.underTest)
        func `each message of a batch has its own answer`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let keys = ["alpha.work", "nobody.home", "beta.work", "alpha.work.bulk", "alpha.work.high"]
                let results = await world.broker.publish(keys.map { .numbered(1, key: $0) }, deadline: .seconds(10))
                #expect(
                    results.map(\.error) == [nil, .unroutable("nobody.home"), nil, .unroutable("alpha.work.bulk"), nil]
                )
                try await world.untilReady(1, in: "alpha")
                try await world.untilReady(1, in: "alpha.high")
                try await world.untilReady(1, in: "beta")
                #expect(await world.broker.publish([], deadline: .seconds(1)).isEmpty)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a full queue refuses what it does not keep`(profile: Profile) async throws {
            try await World.with(profile, topology: .small(limit: 20)) { world in
                var accepted = 0
                var refused = 0
                while refused == 0 {
                    let messages = (0..<10).map { WireMessage.numbered(accepted + $0) }
                    for result in await world.broker.publish(messages, deadline: .seconds(10)) {
                        switch result {
                        case .success: accepted += 1
                        case .failure(.queueFull): refused += 1
                        case .failure(let error): Issue.record("\(error)")
                        }
                    }
                    try #require(accepted <= 60)
                }
                #expect(accepted >= 20)
                #expect((accepted + refused).isMultiple(of: 10))
                let last = await world.broker.publish([.numbered(0)], deadline: .seconds(10))
                #expect(last.map(\.error) == [.queueFull])
                try await world.untilReady(accepted)
                // Another queue, and another lane, are not affected.
                await world.publish([.numbered(0, key: "beta.work"), .numbered(0, key: "alpha.work.high")])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a client that waits gets everything into a full queue as it empties`(profile: Profile) async throws {
            try await World.with(profile, topology: .small(limit: 20)) { world in
                func requests(_ count: Int) -> [EnqueueRequest] {
                    (0..<count).map { _ in EnqueueRequest(job: "alpha.work", payload: Array(#"{"number":1}"#.utf8)) }
                }
                var (accepted, rejected) = (0, [EnqueueError]())
                while rejected.isEmpty {
                    for result in await world.client.enqueue(requests(10)) {
                        if case .failure(let error) = result { rejected.append(error) } else { accepted += 1 }
                    }
                    try #require(accepted < 200)
                }
                #expect(rejected.allSatisfy { $0.cause == .publish(.queueFull) && $0.suggestedWait != nil })
                let patient = world.client.with(.wait(upTo: .seconds(60)))
                async let patiently = patient.enqueue(requests(100))
                let consumption = try await world.broker.consume("alpha", credit: 10)
                var taken = 0
                while taken < accepted + 100 {
                    let deliveries = await consumption.take(1)
                    try await consumption.acknowledge(deliveries.map(\.tag))
                    taken += deliveries.count
                }
                #expect(await patiently.allSatisfy { if case .success = $0 { true } else { false } })
                await consumption.giveBack()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a full queue takes more once it has room`(profile: Profile) async throws {
            try await World.with(profile, topology: .small(limit: 5)) { world in
                var accepted = 0
                while await world.broker.publish([.numbered(accepted)], deadline: .seconds(10))[0].error == nil {
                    accepted += 1
                    try #require(accepted < 100)
                }
                let consumption = try await world.broker.consume("alpha", credit: 100)
                let deliveries = await consumption.take(accepted)
                try await consumption.acknowledge(deliveries.map(\.tag))
                await consumption.giveBack()
                try await world.until("room") {
                    await world.broker.publish([.numbered(0)], deadline: .seconds(10))[0].error == nil
                }
            }
        }
    }
}
