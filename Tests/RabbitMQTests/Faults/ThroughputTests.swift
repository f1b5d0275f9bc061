import Testing

@testable import RabbitMQ

extension WithBroker {
    @Suite struct Throughput {
        /// Figures are printed, not judged: they are the machine's. What is judged is that nothing is lost or doubled.
        @Test func `a hundred thousand messages go through, each once`() async throws {
            let count = 100_000
            try await TestBroker.withQueue { queue, control in
                let clock = ContinuousClock()
                let published = try await TestBroker.withPublisher { publisher in
                    try await clock.measure {
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            for part in 0..<8 {
                                group.addTask {
                                    for start in stride(from: part * 500, to: count, by: 4_000) {
                                        let batch = (start..<start + 500).map { Self.message(queue, $0) }
                                        for result in await publisher.publish(batch, deadline: .seconds(60)) {
                                            try result.get()
                                        }
                                    }
                                }
                            }
                            try await group.waitForAll()
                        }
                    }
                }
                var seen = [Bool](repeating: false, count: count)
                var batches = 0
                let drained = try await TestBroker.withLink { link in
                    let consumer = try await link.consume(queue: queue, prefetch: 1_000)
                    return try await clock.measure {
                        var left = count
                        while left > 0, let batch = await consumer.nextBatch() {
                            batches += 1
                            left -= batch.count
                            for delivery in batch {
                                let number = Int(try #require(delivery.properties.headers?["n"]?.integer))
                                #expect(!seen[number] && !delivery.redelivered)
                                seen[number] = true
                            }
                            await consumer.acknowledge(batch.map(\.tag))
                        }
                    }
                }
                #expect(seen.allSatisfy { $0 })
                #expect(try await control.get(queue) == nil)
                print("published \(rate(count, published)), drained \(rate(count, drained)) in \(batches) batches")
            }
        }

        private static let body = [UInt8](repeating: UInt8(ascii: "x"), count: 200)

        private static func message(_ queue: String, _ number: Int) -> AMQPMessage {
            AMQPMessage(
                exchange: "",
                routingKey: queue,
                body: body,
                properties: AMQPProperties(
                    contentType: "application/json",
                    headers: ["n": .int64(Int64(number)), "x-job-ready-at": .int64(1_700_000_000_000)],
                    messageID: "0190a0b0-0000-7000-8000-\(1_000_000_000_000 + number)",
                    type: "system.probe"
                )
            )
        }

        private func rate(_ count: Int, _ duration: Duration) -> String {
            "\(Int(Double(count) / (duration / .seconds(1)))) messages/s"
        }
    }
}
