import Testing

@testable import RabbitMQ

extension WithBroker {
    @Suite struct Faults {
        @Test func `a listener that never answers fails the handshake in its time, and a publish in its deadline`()
            async throws
        {
            let silent = try Forwarder(target: nil)
            defer { silent.stop() }
            var configuration = AMQPConfiguration(
                endpoints: [.init(host: "127.0.0.1", port: silent.port)],
                user: "u",
                password: "p"
            )
            configuration.handshakeTimeout = .seconds(1)
            let publisher = AMQPPublisher(configuration, logger: TestBroker.logger)
            let start = ContinuousClock.now
            try await publisher.start()
            async let published = publisher.publish([TestBroker.message("q", "m")], deadline: .milliseconds(300))
            guard case .notConnected = try await #require(published.first).failure else {
                Issue.record("published")
                return
            }
            #expect(ContinuousClock.now - start < .milliseconds(600))
            try await publisher.events.wait { if case .connectFailed = $0 { true } else { false } }
            #expect(ContinuousClock.now - start < .seconds(3))
            await publisher.close()
        }

        @Test func `with fail at once, a publish to a broker that is away answers without waiting`() async throws {
            var options = AMQPPublisher.Options()
            options.failAtOnce = true
            let configuration = AMQPConfiguration(
                endpoints: [.init(host: "127.0.0.1", port: 1)],
                user: "u",
                password: "p"
            )
            let publisher = AMQPPublisher(configuration, options: options, logger: TestBroker.logger)
            try await publisher.start()
            try await publisher.events.wait { if case .connectFailed = $0 { true } else { false } }
            let start = ContinuousClock.now
            let results = await publisher.publish([TestBroker.message("q", "m")], deadline: .seconds(30))
            #expect(results[0].failure?.label == "not_connected")
            #expect(ContinuousClock.now - start < .seconds(1))
            await publisher.close()
        }

        @Test func `a cut line is noticed within two heartbeats, and publishes return in time`() async throws {
            try await TestBroker.withQueue { queue, control in
                let direct = try TestBroker.configuration()
                let forwarder = try Forwarder(target: direct.endpoints[0].port)
                defer { forwarder.stop() }
                let configuration = try TestBroker.configuration {
                    $0.endpoints = [.init(host: "127.0.0.1", port: forwarder.port)]
                    $0.heartbeat = .seconds(1)
                    $0.handshakeTimeout = .seconds(1)
                }
                try await TestBroker.withPublisher(configuration) { publisher in
                    try await publisher.publish(TestBroker.message(queue, "before"), deadline: .seconds(10))
                    await forwarder.fallSilent()
                    let start = ContinuousClock.now
                    let cut = await publisher.publish([TestBroker.message(queue, "cut")], deadline: .milliseconds(300))
                    #expect(cut[0].failure == .unconfirmed)
                    #expect(ContinuousClock.now - start < .milliseconds(800))
                    // Far more than any socket buffer takes: nothing may block the link's thread.
                    var large = TestBroker.message(queue, "large")
                    large.body = [UInt8](repeating: 1, count: 1 << 20)
                    let flood = await publisher.publish(
                        Array(repeating: large, count: 20),
                        deadline: .milliseconds(500)
                    )
                    #expect(flood.allSatisfy { !$0.isSuccess })
                    try await publisher.events.wait { if case .disconnected = $0 { true } else { false } }
                    #expect(ContinuousClock.now - start < .seconds(4))
                }
                #expect(try await control.passiveDeclare(queue)?.messages == 1)
            }
        }

        @Test func `heartbeats keep an idle connection for longer than the broker's patience`() async throws {
            let configuration = try TestBroker.configuration { $0.heartbeat = .seconds(1) }
            try await TestBroker.withQueue { queue, _ in
                try await TestBroker.withPublisher(configuration) { publisher in
                    let watch = Task { () -> Bool in
                        for await event in publisher.events { if case .disconnected = event { return false } }
                        return true
                    }
                    // Idleness itself is what is tested: four heartbeats of it.
                    try await Task.sleep(for: .seconds(4))
                    try await publisher.publish(TestBroker.message(queue, "m"), deadline: .seconds(5))
                    await publisher.close()
                    #expect(await watch.value)
                }
            }
        }

        @Test func `a killed publishing connection leaves nothing open, and the publisher goes on`() async throws {
            let configuration = try TestBroker.configuration()
            try await TestBroker.withQueue { queue, control in
                try await TestBroker.withPublisher(configuration) { publisher in
                    let publishing = Task { () -> (confirmed: Int, unconfirmed: Int, other: Int) in
                        var counts = (confirmed: 0, unconfirmed: 0, other: 0)
                        var round = 0
                        while !Task.isCancelled {
                            let messages = (0..<50).map { TestBroker.message(queue, "\(round)-\($0)") }
                            round += 1
                            for result in await publisher.publish(messages, deadline: .seconds(20)) {
                                switch result {
                                case .success: counts.confirmed += 1
                                case .failure(.unconfirmed): counts.unconfirmed += 1
                                case .failure: counts.other += 1
                                }
                            }
                        }
                        return counts
                    }
                    try await TestBroker.killConnection(named: configuration.connectionName)
                    try await publisher.events.wait { if case .disconnected = $0 { true } else { false } }
                    try await publisher.events.wait { if case .connected = $0 { true } else { false } }
                    try await publisher.publish(TestBroker.message(queue, "after"), deadline: .seconds(10))
                    publishing.cancel()
                    let counts = await publishing.value
                    #expect(counts.confirmed > 0)
                    #expect(counts.other == 0)
                    let stored = Int(try #require(try await control.passiveDeclare(queue)).messages)
                    #expect(stored >= counts.confirmed + 1)
                    #expect(stored <= counts.confirmed + counts.unconfirmed + 1)
                }
            }
        }

        @Test func `an alarm ends publishes with a typed error in time, spares consumers, and is over when it is over`()
            async throws
        {
            try await TestBroker.withQueue { queue, _ in
                try await TestBroker.fill(queue, ["a", "b"])
                var options = AMQPPublisher.Options()
                options.failAtOnce = true
                let impatient = AMQPPublisher(
                    try TestBroker.configuration(),
                    options: options,
                    logger: TestBroker.logger
                )
                try await TestBroker.withPublisher { patient in
                    for publisher in [patient, impatient] {
                        try await publisher.publish(TestBroker.message(queue, "warm"), deadline: .seconds(10))
                    }
                    try await TestBroker.control("set_vm_memory_high_watermark 0.0001")
                    do {
                        for publisher in [patient, impatient] {
                            // The broker tells a connection at its first publish within the alarm.
                            let first = await publisher.publish(
                                [TestBroker.message(queue, "first")],
                                deadline: .milliseconds(300)
                            )
                            #expect(first[0].failure == .unconfirmed)
                            try await publisher.events.wait { if case .blocked = $0 { true } else { false } }
                        }
                        let start = ContinuousClock.now
                        let message = TestBroker.message(queue, "m")
                        let late = await patient.publish([message], deadline: .milliseconds(400))
                        #expect(late[0].failure == .blocked(reason: "low on memory"))
                        #expect(ContinuousClock.now - start < .seconds(1))
                        let atOnce = await impatient.publish([message], deadline: .seconds(30))
                        #expect(atOnce[0].failure == .blocked(reason: "low on memory"))
                        #expect(ContinuousClock.now - start < .seconds(2))
                        try await TestBroker.withLink { link in
                            let consumer = try await link.consume(queue: queue, prefetch: 10)
                            #expect(try await consumer.take(2).map(\.text) == ["a", "b"])
                        }
                    } catch {
                        try await TestBroker.control("set_vm_memory_high_watermark 0.4")
                        throw error
                    }
                    async let waiting: Void = patient.publish(TestBroker.message(queue, "z"), deadline: .seconds(20))
                    try await TestBroker.control("set_vm_memory_high_watermark 0.4")
                    try await waiting
                    try await impatient.events.wait { $0 == .unblocked }
                    try await impatient.publish(TestBroker.message(queue, "z"), deadline: .seconds(10))
                    await impatient.close()
                }
            }
        }
    }
}
