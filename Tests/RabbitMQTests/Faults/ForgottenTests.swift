import Testing

@testable import RabbitMQ

extension WithBroker {
    /// Subscriptions that the broker gives up, silently or not.
    @Suite struct `A subscription the broker gives up` {
        /// Takes the queue's consumers away inside its own state machine: nobody is told, as after an election gone wrong.
        private func forgetConsumers(of queue: String) async throws {
            try await TestBroker.control(
                """
                eval 'Q = rabbit_misc:r(<<"jobs">>, queue, <<"\(queue)">>), {ok, A} = rabbit_amqqueue:lookup(Q), \
                [ok = element(1, {ok, ra:process_command(amqqueue:get_pid(A), \
                rabbit_fifo:make_checkout({element(2, C), element(1, C)}, cancel, #{}))}) \
                || C <- rabbit_amqqueue:consumers(A)].'
                """
            )
        }

        @Test(arguments: [0, 1])
        func `without a word is made anew, with and without work in hand`(_ held: Int) async throws {
            try await TestBroker.withQueue { queue, control in
                let configuration = try TestBroker.configuration { $0.stallCheck = .milliseconds(200) }
                try await TestBroker.withLink(configuration) { link in
                    let consumer = try await link.consume(queue: queue, prefetch: 10)
                    try await TestBroker.fill(queue, ["first"])
                    let first = try await consumer.take(1)
                    if held == 0 { await consumer.acknowledge(first.map(\.tag)) }
                    try await forgetConsumers(of: queue)
                    try await TestBroker.fill(queue, ["second"])
                    let second = try await consumer.take(1)
                    #expect(second.map(\.text) == ["second"])
                    try await link.events.wait { $0 == .stalled(queue: queue) }
                    // What was in hand has kept its tag.
                    if held == 1 { #expect(await consumer.acknowledge(first.map(\.tag)) == 0) }
                    #expect(await consumer.acknowledge(second.map(\.tag)) == 0)
                }
                #expect(try await control.passiveDeclare(queue)?.messages == 0)
            }
        }

        @Test func `for an acknowledgement that took too long goes on, and the message comes again`() async throws {
            try await TestBroker.control(
                "eval 'application:set_env(rabbit, consumer_timeout, 1000), application:set_env(rabbit, channel_tick_interval, 1000).'"
            )
            do {
                try await TestBroker.withQueue { queue, control in
                    try await TestBroker.fill(queue, ["slow"])
                    try await TestBroker.withLink { link in
                        let consumer = try await link.consume(queue: queue, prefetch: 10)
                        let late = try await consumer.take(1)
                        try await link.events.wait {
                            if case .subscriptionFailed(_, 406, let text, _) = $0 {
                                text.contains("timed out")
                            } else {
                                false
                            }
                        }
                        let again = try await consumer.take(1)
                        #expect(again.map(\.text) == ["slow"] && again[0].redelivered)
                        #expect(await consumer.acknowledge(late.map(\.tag)) == 1, "a stale tag that closes nothing")
                        #expect(await consumer.acknowledge(again.map(\.tag)) == 0)
                    }
                    #expect(try await control.passiveDeclare(queue)?.messages == 0)
                }
            } catch {
                try await resetTimeouts()
                throw error
            }
            try await resetTimeouts()
        }

        private func resetTimeouts() async throws {
            try await TestBroker.control(
                "eval 'application:set_env(rabbit, consumer_timeout, 1800000), application:set_env(rabbit, channel_tick_interval, 60000).'"
            )
        }
    }
}
