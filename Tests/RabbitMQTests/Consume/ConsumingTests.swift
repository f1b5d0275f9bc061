import Testing

@testable import RabbitMQ

extension WithBroker {
    @Suite struct Consuming {
        @Test func `deliveries come in order and acknowledged ones are gone`() async throws {
            let texts = (0..<100).map { "m\($0)" }
            try await TestBroker.withQueue { queue, control in
                try await TestBroker.fill(queue, texts)
                try await TestBroker.withLink { link in
                    let consumer = try await link.consume(queue: queue, prefetch: 200)
                    let taken = try await consumer.take(100)
                    #expect(taken.map(\.text) == texts)
                    #expect(taken.allSatisfy { !$0.redelivered })
                    let (held, done) = (taken[40], taken.filter { $0.text != "m40" })
                    #expect(await consumer.acknowledge(done.map(\.tag)) == 0)
                    #expect(await consumer.acknowledge([done[0].tag]) == 1)
                    #expect(await consumer.outstanding == 1)
                    #expect(await consumer.nack([held.tag], requeue: true) == 0)
                    let again = try await consumer.take(1)[0]
                    #expect(again.text == "m40")
                    #expect(again.redelivered)
                    await consumer.acknowledge([again.tag])
                    await consumer.close()
                    #expect(await link.staleSettles == 1)
                }
                #expect(try await control.passiveDeclare(queue)?.messages == 0)
            }
        }

        @Test(arguments: ["quorum", "classic"])
        func `closing returns what is unsettled, in order, around the settled`(type: String) async throws {
            let texts = (0..<10).map { "m\($0)" }
            try await TestBroker.withQueue(["x-queue-type": .text(type)]) { queue, _ in
                try await TestBroker.fill(queue, texts)
                try await TestBroker.withLink { link in
                    let first = try await link.consume(queue: queue, prefetch: 6)
                    let taken = try await first.take(6)
                    await first.acknowledge([taken[1].tag, taken[3].tag])
                    await first.close()
                    #expect(await first.nextBatch() == nil)
                    #expect(await first.acknowledge([taken[0].tag]) == 1)
                    let second = try await link.consume(queue: queue, prefetch: 50)
                    let rest = try await second.take(8)
                    #expect(rest.map(\.text) == ["m0", "m2", "m4", "m5", "m6", "m7", "m8", "m9"])
                    #expect(rest.prefix(4).allSatisfy { $0.redelivered })
                }
            }
        }

        @Test func `after cancel the buffered deliveries are still there and can be settled`() async throws {
            try await TestBroker.withQueue { queue, _ in
                try await TestBroker.fill(queue, ["a", "b", "c", "d"])
                try await TestBroker.withLink { link in
                    let consumer = try await link.consume(queue: queue, prefetch: 4)
                    let first = try await consumer.take(1)
                    await consumer.cancel()
                    var rest: [AMQPDelivery] = []
                    for await batch in consumer { rest += batch }
                    #expect(await consumer.acknowledge((first + rest).map(\.tag)) == 0)
                    await consumer.close()
                    let second = try await link.consume(queue: queue, prefetch: 4)
                    let left = ["a", "b", "c", "d"].dropFirst(1 + rest.count)
                    #expect(try await second.take(left.count).map(\.text) == Array(left))
                }
            }
        }

        @Test(arguments: ["quorum", "classic"])
        func `another prefetch renews the subscription around what is unsettled`(type: String) async throws {
            let texts = (0..<40).map { "m\(String($0, radix: 36))" }
            try await TestBroker.withQueue(["x-queue-type": .text(type)]) { queue, control in
                try await TestBroker.fill(queue, texts)
                try await TestBroker.withLink { link in
                    let consumer = try await link.consume(queue: queue, prefetch: 3)
                    let first = try await consumer.take(3)
                    await consumer.setPrefetch(10)
                    // Twice in a row: the second wish is met after the first.
                    await consumer.setPrefetch(12)
                    let second = try await consumer.take(12)
                    #expect((first + second).map(\.text) == Array(texts[0..<15]))
                    #expect((first + second).allSatisfy { !$0.redelivered })
                    #expect(await consumer.acknowledge([first[1], second[0], second[11]].map(\.tag)) == 0)
                    // What came with the old subscription and with the new goes back, in order, with the channel.
                    await consumer.close()
                    let other = try await link.consume(queue: queue, prefetch: 100)
                    let rest = try await other.take(37)
                    let settled = [1, 3, 14].map { texts[$0] }
                    #expect(rest.map(\.text) == texts.filter { !settled.contains($0) })
                    #expect(await other.acknowledge(rest.map(\.tag)) == 0)
                    await other.close()
                }
                #expect(try await control.passiveDeclare(queue)?.messages == 0)
            }
        }

        @Test func `a queue deleted while the prefetch changes is subscribed again with the new one`() async throws {
            try await TestBroker.withQueue { queue, control in
                try await TestBroker.withLink { link in
                    let consumer = try await link.consume(queue: queue, prefetch: 1)
                    try await link.events.wait { $0 == .subscribed(queue: queue) }
                    async let deleted = control.deleteQueue(queue)
                    await consumer.setPrefetch(5)
                    _ = try await deleted
                    try await link.events.wait {
                        if case .subscriptionFailed(queue, 404, _, _) = $0 { true } else { false }
                    }
                    try await control.declareQueue(queue, arguments: ["x-queue-type": "quorum"])
                    try await TestBroker.fill(queue, (0..<9).map { "m\($0)" })
                    #expect(try await consumer.take(5).map(\.text) == ["m0", "m1", "m2", "m3", "m4"])
                    #expect(await consumer.outstanding == 5)
                    await consumer.cancel()
                }
            }
        }

        @Test func `a deleted queue is subscribed again once it is back`() async throws {
            try await TestBroker.withQueue { queue, control in
                try await TestBroker.withLink { link in
                    let consumer = try await link.consume(queue: queue, prefetch: 10)
                    try await link.events.wait { $0 == .subscribed(queue: queue) }
                    try await TestBroker.fill(queue, ["before"])
                    let before = try await consumer.take(1)
                    await consumer.acknowledge(before.map(\.tag))
                    try await control.deleteQueue(queue)
                    try await link.events.wait { $0 == .cancelledByBroker(queue: queue) }
                    try await link.events.wait {
                        if case .subscriptionFailed(queue, 404, _, _) = $0 { true } else { false }
                    }
                    try await control.declareQueue(queue, arguments: ["x-queue-type": "quorum"])
                    try await link.events.wait { $0 == .subscribed(queue: queue) }
                    try await TestBroker.fill(queue, ["after"])
                    let after = try await consumer.take(1)
                    #expect(after.map(\.text) == ["after"])
                    #expect(await consumer.acknowledge(before.map(\.tag)) == 1)
                    #expect(await consumer.acknowledge(after.map(\.tag)) == 0)
                }
            }
        }

        @Test func `a queue declared later is found`() async throws {
            try await TestBroker.withQueue { other, control in
                let queue = other + "-later"
                try await TestBroker.withLink { link in
                    let consumer = try await link.consume(queue: queue, prefetch: 10)
                    try await link.events.wait {
                        if case .subscriptionFailed(queue, 404, _, _) = $0 { true } else { false }
                    }
                    try await control.declareQueue(queue, arguments: ["x-queue-type": "quorum"])
                    try await TestBroker.fill(queue, ["m"])
                    #expect(try await consumer.take(1).map(\.text) == ["m"])
                    try await control.deleteQueue(queue)
                }
            }
        }

        @Test func `a killed connection comes back, deliveries resume and old tags are stale`() async throws {
            try await TestBroker.withQueue { queue, control in
                let configuration = try TestBroker.configuration()
                try await TestBroker.fill(queue, ["a", "b", "c"])
                try await TestBroker.withLink(configuration) { link in
                    let consumer = try await link.consume(queue: queue, prefetch: 10)
                    let first = try await consumer.take(3)
                    await consumer.acknowledge([first[0].tag])
                    try await TestBroker.killConnection(named: configuration.connectionName)
                    try await link.events.wait { if case .disconnected = $0 { true } else { false } }
                    let again = try await consumer.take(2)
                    #expect(again.map(\.text) == ["b", "c"])
                    #expect(again.allSatisfy { $0.redelivered })
                    #expect(await consumer.acknowledge(first.map(\.tag)) == 3)
                    #expect(await consumer.acknowledge(again.map(\.tag)) == 0)
                    await consumer.close()
                    #expect(await link.staleSettles == 3)
                }
                #expect(try await control.passiveDeclare(queue)?.messages == 0)
            }
        }

        @Test func `a cancelled task stops waiting`() async throws {
            try await TestBroker.withQueue { queue, _ in
                try await TestBroker.withLink { link in
                    let consumer = try await link.consume(queue: queue, prefetch: 10)
                    let waiting = Task { await consumer.nextBatch() }
                    try await link.events.wait { $0 == .subscribed(queue: queue) }
                    waiting.cancel()
                    #expect(await waiting.value == nil)
                    try await TestBroker.fill(queue, ["m"])
                    #expect(try await consumer.take(1).map(\.text) == ["m"])
                }
            }
        }

        @Test func `many subscriptions share a link`() async throws {
            try await TestBroker.withQueue(["x-queue-type": "classic"]) { queue, _ in
                try await TestBroker.withLink { link in
                    var consumers: [AMQPConsumer] = []
                    for _ in 0..<20 { consumers.append(try await link.consume(queue: queue, prefetch: 1)) }
                    for _ in 0..<20 { try await link.events.wait { $0 == .subscribed(queue: queue) } }
                    try await TestBroker.fill(queue, (0..<20).map { "m\($0)" })
                    var texts: Set<String> = []
                    for consumer in consumers { texts.insert(try await consumer.take(1)[0].text) }
                    #expect(texts.count == 20)
                }
            }
        }

        @Test(arguments: [0, -1, 65_536])
        func `a prefetch the protocol cannot carry is refused`(prefetch: Int) async throws {
            try await TestBroker.withLink { link in
                await #expect(throws: AMQPError.invalid("prefetch \(prefetch), not 1…65535")) {
                    _ = try await link.consume(queue: "q", prefetch: prefetch)
                }
            }
        }
    }
}
