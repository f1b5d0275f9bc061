import Testing

@testable import RabbitMQ

extension WithBroker {
    @Suite struct Control {
        @Test func `a topology is declared, counted, purged and deleted`() async throws {
            try await TestBroker.withQueue { queue, control in
                let exchange = queue + "-exchange"
                try await control.declareExchange(exchange)
                try await control.declareExchange(exchange, passive: true)
                try await control.bindQueue(queue, exchange: exchange, routingKey: "a.*")
                try await TestBroker.withPublisher { publisher in
                    var message = TestBroker.message(queue, "m")
                    (message.exchange, message.routingKey) = (exchange, "a.b")
                    try await publisher.publish(message, deadline: .seconds(10))
                    try await control.unbindQueue(queue, exchange: exchange, routingKey: "a.*")
                    let second = await publisher.publish([message], deadline: .seconds(10))
                    #expect(second[0].failure == .unroutable(code: 312, text: "NO_ROUTE"))
                }
                #expect(try await control.passiveDeclare(queue) == AMQPQueueDepth(messages: 1, consumers: 0))
                #expect(try await control.purge(queue) == 1)
                #expect(try await control.passiveDeclare(queue)?.messages == 0)
                try await control.deleteExchange(exchange)
                await #expect(throws: AMQPError.self) { try await control.declareExchange(exchange, passive: true) }
            }
        }

        @Test func `a refused request fails alone`() async throws {
            try await TestBroker.withQueue { queue, control in
                #expect(try await control.passiveDeclare(queue + "-missing") == nil)
                do throws(AMQPError) {
                    try await control.declareQueue(queue, arguments: ["x-queue-type": "classic"])
                    Issue.record("other arguments were accepted")
                } catch {
                    guard case .channelClosed(code: 406, _) = error else { throw error }
                }
                await withTaskGroup(of: Bool.self) { group in
                    for index in 0..<100 {
                        group.addTask {
                            let name = index % 2 == 0 ? queue : queue + "-missing"
                            let depth = try? await control.passiveDeclare(name)
                            return (depth.flatMap { $0 } != nil) == (index % 2 == 0)
                        }
                    }
                    for await isRight in group { #expect(isRight) }
                }
            }
        }

        @Test func `got messages are settled or go back`() async throws {
            try await TestBroker.withQueue { queue, control in
                #expect(try await control.get(queue) == nil)
                try await TestBroker.fill(queue, ["a", "b", "c"])
                let first = try #require(try await control.get(queue))
                #expect(first.delivery.text == "a" && first.remaining == 2)
                let second = try #require(try await control.get(queue))
                #expect(await control.acknowledge(first.delivery.tag))
                #expect(await control.acknowledge(first.delivery.tag) == false)
                await control.closeGets(of: queue)
                let third = try #require(try await control.get(queue))
                #expect(third.delivery.text == "b" && third.delivery.redelivered)
                #expect(await control.acknowledge(second.delivery.tag) == false)
                #expect(await control.staleSettles == 2)
                #expect(await control.reject(third.delivery.tag, requeue: false))
                let fourth = try #require(try await control.get(queue))
                #expect(fourth.delivery.text == "c" && fourth.remaining == 0)
            }
        }

        @Test func `names too long for the protocol are refused here`() async throws {
            let control = AMQPControl(try TestBroker.configuration(), logger: TestBroker.logger)
            let name = String(repeating: "q", count: 256)
            await #expect(throws: AMQPError.invalid("name of 256 bytes, at most 255")) {
                try await control.declareQueue(name)
            }
            await control.close()
        }

        @Test func `a wrong password is told without being shown`() async throws {
            let configuration = try TestBroker.configuration { $0.password = "surely-not-this" }
            let control = AMQPControl(configuration, logger: TestBroker.logger)
            do throws(AMQPError) {
                _ = try await control.passiveDeclare("q", deadline: .seconds(2))
                Issue.record("logged in")
            } catch {
                guard case .notConnected(let reason) = error else { throw error }
                #expect(reason.contains("ACCESS_REFUSED"))
                #expect(!reason.contains("surely-not-this"))
            }
            await control.close()
        }
    }
}
