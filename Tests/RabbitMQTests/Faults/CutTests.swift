import Testing

@testable import RabbitMQ

extension WithBroker {
    /// The line is cut at every byte of what a message needs on its way.
    @Suite struct `A line that is cut` {
        private struct Line {
            let proxy: FaultProxy
            let configuration: AMQPConfiguration
        }

        private func withLine(_ body: (Line) async throws -> Void) async throws {
            let proxy = try FaultProxy(target: try TestBroker.configuration().endpoints[0].port)
            defer { proxy.stop() }
            let configuration = try TestBroker.configuration {
                $0.endpoints = [.init(host: "127.0.0.1", port: proxy.port)]
                $0.backoff = Backoff(first: .milliseconds(1), limit: .milliseconds(4))
                $0.stableAfter = .zero
                // No heartbeat may be counted as part of a message.
                $0.heartbeat = .seconds(60)
            }
            try await body(Line(proxy: proxy, configuration: configuration))
        }

        private func message(_ queue: String, _ id: Int) -> AMQPMessage {
            // Numbers of one length: each message is as long as the one that was measured.
            var message = TestBroker.message(queue, "\(10_000 + id)")
            message.body += [UInt8](repeating: UInt8(ascii: " "), count: 200 - message.body.count)
            return message
        }

        /// The numbers of all messages in the queue, which is empty afterwards.
        private func drained(_ queue: String, _ control: AMQPControl) async throws -> [Int] {
            try await TestBroker.withLink { link in
                let count = Int(try await control.passiveDeclare(queue)?.messages ?? 0)
                let consumer = try await link.consume(queue: queue, prefetch: 1_000)
                let all = try await consumer.take(count)
                await consumer.acknowledge(all.map(\.tag))
                return all.compactMap(\.number)
            }
        }

        @Test(arguments: FaultProxy.Direction.allCases)
        func `at any byte of a publish or of its confirm loses nothing, and no call outlives its deadline`(
            _ direction: FaultProxy.Direction
        ) async throws {
            try await TestBroker.withQueue { queue, control in
                try await withLine { line in
                    try await TestBroker.withPublisher(line.configuration) { publisher in
                        try await publisher.publish(message(queue, 1_000), deadline: .seconds(5))
                        let before = line.proxy.passed(direction)
                        try await publisher.publish(message(queue, 1_001), deadline: .seconds(5))
                        let length = line.proxy.passed(direction) - before
                        #expect(length > 10)
                        var (again, slowest) = (0, Duration.zero)
                        var cuts = line.proxy.cuts.makeAsyncIterator()
                        for offset in 0..<length {
                            line.proxy.cut(direction, after: offset)
                            // Repeated by its id until it is confirmed, as a caller would.
                            var isConfirmed = false
                            while !isConfirmed {
                                let start = ContinuousClock.now
                                let result = await publisher.publish([message(queue, offset)], deadline: .seconds(2))
                                slowest = max(slowest, ContinuousClock.now - start)
                                isConfirmed = result[0].isSuccess
                                if !isConfirmed { again += 1 }
                            }
                            await cuts.next()
                        }
                        #expect(again >= length, "a cut that nobody noticed")
                        #expect(slowest < .seconds(2.5))
                        let stored = try await drained(queue, control)
                        let lost = Set(0..<length).subtracting(stored)
                        #expect(lost == [])
                        print(
                            "cut publish, \(direction): \(length) offsets, repeated \(again), stored \(stored.count), "
                                + "lost \(lost.count), slowest call \(slowest)"
                        )
                    }
                }
            }
        }

        @Test(arguments: FaultProxy.Direction.allCases)
        func `at any byte of a delivery or of its acknowledgement loses nothing`(
            _ direction: FaultProxy.Direction
        ) async throws {
            try await TestBroker.withQueue { queue, control in
                try await withLine { line in
                    try await TestBroker.withPublisher { publisher in
                        try await TestBroker.withLink(line.configuration) { link in
                            let consumer = try await link.consume(queue: queue, prefetch: 1)
                            func exchange(_ id: Int) async throws {
                                try await publisher.publish(message(queue, id), deadline: .seconds(5))
                                var seen: Int?
                                while seen != id {
                                    let batch = try await consumer.take(1)
                                    seen = batch[0].number
                                    await consumer.acknowledge(batch.map(\.tag))
                                }
                            }
                            // Two, since the acknowledgement of a message is sent with its successor's at the latest.
                            for id in 1_000..<1_002 { try await exchange(id) }
                            let before = line.proxy.passed(direction)
                            for id in 1_002..<1_004 { try await exchange(id) }
                            let length = (line.proxy.passed(direction) - before) / 2
                            #expect(length > 10)
                            var cuts = line.proxy.cuts.makeAsyncIterator()
                            for offset in 0..<length {
                                line.proxy.cut(direction, after: offset)
                                try await exchange(offset)
                                await cuts.next()
                            }
                            print("cut delivery, \(direction): \(length) offsets, all delivered, lost 0")
                        }
                        // Acknowledged is all but what lost its acknowledgement with the line: that came back.
                        try await publisher.publish(message(queue, 3_000), deadline: .seconds(5))
                        #expect(Set(try await drained(queue, control)).isSubset(of: Set(0..<3_001)))
                    }
                }
            }
        }

        @Test func `or passes one byte at a time changes nothing`() async throws {
            try await TestBroker.withQueue { queue, _ in
                try await withLine { line in
                    line.proxy.slice(1)
                    try await TestBroker.withPublisher(line.configuration) { publisher in
                        let messages = (0..<20).map { message(queue, $0) }
                        for result in await publisher.publish(messages, deadline: .seconds(10)) { try result.get() }
                    }
                    try await TestBroker.withLink(line.configuration) { link in
                        let consumer = try await link.consume(queue: queue, prefetch: 20)
                        #expect(try await consumer.take(20).compactMap(\.number) == Array(0..<20))
                    }
                }
            }
        }
    }
}

extension AMQPDelivery {
    fileprivate var number: Int? { properties.messageID.flatMap { Int($0) }.map { $0 - 10_000 } }
}
