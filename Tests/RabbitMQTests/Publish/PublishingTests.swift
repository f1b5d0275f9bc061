import Testing

@testable import RabbitMQ

extension WithBroker {
    @Suite struct Publishing {
        @Test func `a message is confirmed and arrives with its properties`() async throws {
            try await TestBroker.withQueue { queue, control in
                try await TestBroker.withPublisher { publisher in
                    var message = TestBroker.message(queue, "hello", id: "id-1")
                    message.properties.contentType = "application/json"
                    message.properties.contentEncoding = "identity"
                    message.properties.correlationID = "c"
                    message.properties.replyTo = "r"
                    message.properties.priority = 3
                    message.properties.timestamp = 1_700_000_000
                    message.properties.type = "test.type"
                    message.properties.appID = "app"
                    try await publisher.publish(message, deadline: .seconds(10))
                    let got = try #require(try await control.get(queue))
                    #expect(got.delivery.properties.messageID == "id-1")
                    var received = got.delivery.properties
                    received.headers = received.headers.flatMap { $0["x-delivery-count"] == nil ? $0 : nil }
                    #expect(received == message.properties)
                    #expect(got.delivery.text == "hello")
                    #expect(got.delivery.routingKey == queue)
                    #expect(await control.acknowledge(got.delivery.tag))
                }
            }
        }

        @Test(arguments: [nil, "with-an-id"])
        func `a message to no queue is unroutable, those beside it are confirmed`(id: String?) async throws {
            try await TestBroker.withQueue { queue, _ in
                try await TestBroker.withPublisher { publisher in
                    var lost = TestBroker.message("no-such-queue", "lost", id: id)
                    lost.properties.messageID = id
                    let results = await publisher.publish(
                        [TestBroker.message(queue, "a"), lost, TestBroker.message(queue, "b")],
                        deadline: .seconds(10)
                    )
                    #expect(results[0].isSuccess && results[2].isSuccess)
                    #expect(results[1].failure == .unroutable(code: 312, text: "NO_ROUTE"))
                }
            }
        }

        @Test func `a full queue with reject-publish rejects, and each result says which`() async throws {
            let arguments: AMQPTable = ["x-queue-type": "quorum", "x-max-length": 5, "x-overflow": "reject-publish"]
            try await TestBroker.withQueue(arguments) { queue, control in
                try await TestBroker.withPublisher { publisher in
                    var accepted = 0
                    var rejected = 0
                    for round in 0..<30 {
                        let results = await publisher.publish(
                            [TestBroker.message(queue, "m\(round)")],
                            deadline: .seconds(10)
                        )
                        switch results[0] {
                        case .success: accepted += 1
                        case .failure(.rejected): rejected += 1
                        case .failure(let other): Issue.record("\(other)")
                        }
                    }
                    #expect(accepted >= 5 && rejected >= 20)
                    #expect(accepted + rejected == 30)
                    let depth = try await control.passiveDeclare(queue)
                    #expect(depth?.messages == UInt32(accepted))
                }
            }
        }

        @Test func `a missing exchange closes the channel for its message only, and publishing goes on`() async throws {
            try await TestBroker.withQueue { queue, _ in
                try await TestBroker.withPublisher { publisher in
                    var wrong = TestBroker.message(queue, "wrong")
                    wrong.exchange = "no-such-exchange"
                    let results = await publisher.publish(
                        [TestBroker.message(queue, "before"), wrong, TestBroker.message(queue, "after")],
                        deadline: .seconds(10)
                    )
                    guard case .channelClosed(code: 404, let text) = results[1].failure else {
                        Issue.record("\(results[1])")
                        return
                    }
                    #expect(text.contains("no-such-exchange"))
                    for result in [results[0], results[2]] {
                        #expect(result.failure == nil || result.failure == .unconfirmed)
                    }
                    try await publisher.publish(TestBroker.message(queue, "later"), deadline: .seconds(10))
                }
            }
        }

        @Test func `every field type survives the way through the broker`() async throws {
            let headers: AMQPTable = [
                "bool": true, "int8": .int8(-8), "int16": .int16(-16), "int32": .int32(-32), "int64": .int64(.min),
                "uint8": .uint8(.max), "uint16": .uint16(.max), "uint32": .uint32(.max),
                "float": .float(1.5), "double": .double(-2.25), "decimal": .decimal(scale: 2, value: 314),
                "string": "text", "invalid": .string([0xFF, 0x00, 0xC0]), "bytes": .bytes([0, 1, 255]),
                "array": .array([1, "two", .array([.void, false])]), "table": .table(["inner": .table(["deep": 1])]),
                "timestamp": .timestamp(1_700_000_000), "void": .void, "empty": "", "none": .table(AMQPTable()),
            ]
            try await TestBroker.withQueue { queue, control in
                try await TestBroker.withPublisher { publisher in
                    var message = TestBroker.message(queue, "m")
                    message.properties.headers = headers
                    try await publisher.publish(message, deadline: .seconds(10))
                    let got = try #require(try await control.get(queue))
                    var received = try #require(got.delivery.properties.headers)
                    received["x-delivery-count"] = nil
                    for entry in headers.entries { #expect(received[entry.key] == entry.value, "\(entry.key)") }
                    #expect(received.entries.count == headers.entries.count)
                    #expect(!got.delivery.properties.headersTruncated)
                }
            }
        }

        @Test(arguments: [0, 1, 131_063, 131_064, 131_065, 262_128, 1_048_576])
        func `a body of any length arrives whole`(count: Int) async throws {
            let body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            try await TestBroker.withQueue { queue, control in
                try await TestBroker.withPublisher { publisher in
                    var message = TestBroker.message(queue, "m")
                    message.body = body
                    let results = await publisher.publish([message, message], deadline: .seconds(20))
                    #expect(results.allSatisfy { $0.isSuccess })
                    for _ in 0..<2 {
                        let got = try #require(try await control.get(queue))
                        #expect(got.delivery.body == body)
                        #expect(!got.delivery.truncated)
                    }
                }
            }
        }

        @Test func `a body over the limit is kept as its beginning, length and digest`() async throws {
            struct Sum: BodyHasher {
                var sum: UInt8 = 0
                mutating func update(_ bytes: UnsafeRawBufferPointer) { sum = bytes.reduce(sum) { $0 &+ $1 } }
                mutating func finish() -> [UInt8] { [sum] }
            }
            let body = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            try await TestBroker.withQueue { queue, _ in
                try await TestBroker.withPublisher { publisher in
                    var message = TestBroker.message(queue, "m")
                    message.body = body
                    try await publisher.publish(message, deadline: .seconds(20))
                }
                let configuration = try TestBroker.configuration {
                    $0.bodyLimit = 300_000
                    $0.makeHasher = { Sum() }
                }
                try await TestBroker.withLink(configuration) { link in
                    let consumer = try await link.consume(queue: queue, prefetch: 10)
                    let delivery = try await consumer.take(1)[0]
                    #expect(delivery.truncated)
                    #expect(delivery.fullLength == 400_000)
                    #expect(delivery.body == Array(body.prefix(65_536)))
                    #expect(delivery.digest == [body.reduce(0) { $0 &+ $1 }])
                }
            }
        }

        @Test func `what cannot be sent is refused alone`() async throws {
            try await TestBroker.withQueue { queue, _ in
                try await TestBroker.withPublisher { publisher in
                    var longKey = TestBroker.message(queue, "a")
                    longKey.routingKey = String(repeating: "k", count: 256)
                    var longID = TestBroker.message(queue, "a")
                    longID.properties.messageID = String(repeating: "i", count: 256)
                    var large = TestBroker.message(queue, "a")
                    large.body = [UInt8](repeating: 0, count: 9 << 20)
                    var manyHeaders = TestBroker.message(queue, "a")
                    manyHeaders.properties.headers = ["h": .bytes([UInt8](repeating: 0, count: 70_000))]
                    var deep = TestBroker.message(queue, "a")
                    deep.properties.headers = ["h": (0..<40).reduce(.void) { value, _ in .array([value]) }]
                    let results = await publisher.publish(
                        [longKey, TestBroker.message(queue, "good"), longID, large, manyHeaders, deep],
                        deadline: .seconds(10)
                    )
                    #expect(results[1].isSuccess)
                    for index in [0, 2, 3, 4, 5] { #expect(results[index].failure?.label == "too_large") }
                }
            }
        }

        @Test func `a batch beyond the buffer is refused whole`() async throws {
            try await TestBroker.withQueue { queue, control in
                var options = AMQPPublisher.Options()
                options.bufferedMessages = 10
                try await TestBroker.withPublisher(options: options) { publisher in
                    let messages = (0..<11).map { TestBroker.message(queue, "m\($0)") }
                    let results = await publisher.publish(messages, deadline: .seconds(10))
                    #expect(results.allSatisfy { $0.failure == .bufferFull })
                    let depth = try await control.passiveDeclare(queue)
                    #expect(depth?.messages == 0)
                }
            }
        }

        @Test func `a small window still sends everything, in order`() async throws {
            try await TestBroker.withQueue { queue, _ in
                var options = AMQPPublisher.Options()
                options.window = 3
                let texts = (0..<200).map { "m\($0)" }
                try await TestBroker.withPublisher(options: options) { publisher in
                    let results = await publisher.publish(
                        texts.map { TestBroker.message(queue, $0) },
                        deadline: .seconds(20)
                    )
                    #expect(results.allSatisfy { $0.isSuccess })
                    #expect(await publisher.inFlight == 0)
                }
                try await TestBroker.withLink { link in
                    let consumer = try await link.consume(queue: queue, prefetch: 300)
                    #expect(try await consumer.take(200).map(\.text) == texts)
                }
            }
        }

        @Test func `after close a publish answers at once`() async throws {
            let publisher = AMQPPublisher(try TestBroker.configuration(), logger: TestBroker.logger)
            try await publisher.waitUntilConnected(within: .seconds(10))
            await publisher.close()
            let results = await publisher.publish([TestBroker.message("q", "m")], deadline: .seconds(10))
            #expect(results[0].failure == .shutDown)
            await publisher.close()
        }
    }
}

extension Result {
    var isSuccess: Bool { if case .success = self { true } else { false } }
    var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
