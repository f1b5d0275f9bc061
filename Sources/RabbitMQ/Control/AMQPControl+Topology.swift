/// What the broker counts in a queue. `messages` are those ready, without the delivered and unsettled.
package struct AMQPQueueDepth: Sendable, Equatable {
    package var messages: UInt32
    package var consumers: UInt32

    package init(messages: UInt32, consumers: UInt32) {
        self.messages = messages
        self.consumers = consumers
    }
}

extension AMQPControl {
    /// - Parameter passive: only check that it is there; its type and arguments are then not compared.
    package func declareExchange(
        _ name: String,
        type: String = "topic",
        durable: Bool = true,
        passive: Bool = false,
        arguments: AMQPTable = AMQPTable(),
        deadline: Duration = .seconds(10)
    ) async throws(AMQPError) {
        _ = try await perform(
            .exchangeDeclare(name: name, type: type, passive: passive, durable: durable, arguments: arguments),
            deadline: deadline
        )
    }

    package func deleteExchange(
        _ name: String,
        ifUnused: Bool = false,
        deadline: Duration = .seconds(10)
    ) async throws(AMQPError) {
        _ = try await perform(.exchangeDelete(name: name, ifUnused: ifUnused), deadline: deadline)
    }

    /// Throws `channelClosed(406, …)` when the queue is there with other arguments.
    @discardableResult
    package func declareQueue(
        _ name: String,
        durable: Bool = true,
        arguments: AMQPTable = AMQPTable(),
        deadline: Duration = .seconds(10)
    ) async throws(AMQPError) -> AMQPQueueDepth {
        let method = OutboundMethod.queueDeclare(name: name, passive: false, durable: durable, arguments: arguments)
        return try depth(try await perform(method, deadline: deadline))
    }

    /// What is in a queue, or nil when there is no such queue.
    package func passiveDeclare(
        _ queue: String,
        deadline: Duration = .seconds(10)
    ) async throws(AMQPError) -> AMQPQueueDepth? {
        let method = OutboundMethod.queueDeclare(name: queue, passive: true, durable: true, arguments: AMQPTable())
        do {
            return try depth(try await perform(method, deadline: deadline))
        } catch .channelClosed(code: 404, _) {
            return nil
        }
    }

    package func bindQueue(
        _ queue: String,
        exchange: String,
        routingKey: String,
        arguments: AMQPTable = AMQPTable(),
        deadline: Duration = .seconds(10)
    ) async throws(AMQPError) {
        _ = try await perform(
            .queueBind(queue: queue, exchange: exchange, routingKey: routingKey, arguments: arguments),
            deadline: deadline
        )
    }

    package func unbindQueue(
        _ queue: String,
        exchange: String,
        routingKey: String,
        arguments: AMQPTable = AMQPTable(),
        deadline: Duration = .seconds(10)
    ) async throws(AMQPError) {
        _ = try await perform(
            .queueUnbind(queue: queue, exchange: exchange, routingKey: routingKey, arguments: arguments),
            deadline: deadline
        )
    }

    /// A condition that does not hold throws `channelClosed(406, …)`. A missing queue counts as deleted.
    /// - Returns: the messages that went with it.
    @discardableResult
    package func deleteQueue(
        _ name: String,
        ifUnused: Bool = false,
        ifEmpty: Bool = false,
        deadline: Duration = .seconds(10)
    ) async throws(AMQPError) -> UInt32 {
        let method = OutboundMethod.queueDelete(name: name, ifUnused: ifUnused, ifEmpty: ifEmpty)
        guard case .method(.queueDeleteOK(let messages)) = try await perform(method, deadline: deadline) else {
            throw .invalid("unexpected answer to queue.delete")
        }
        return messages
    }

    /// - Returns: the messages removed.
    @discardableResult
    package func purge(_ queue: String, deadline: Duration = .seconds(10)) async throws(AMQPError) -> UInt32 {
        guard
            case .method(.queuePurgeOK(let messages)) = try await perform(.queuePurge(name: queue), deadline: deadline)
        else { throw .invalid("unexpected answer to queue.purge") }
        return messages
    }

    private nonisolated func depth(_ answer: ControlChannel.Answer) throws(AMQPError) -> AMQPQueueDepth {
        guard case .method(.queueDeclareOK(let messages, let consumers)) = answer else {
            throw .invalid("unexpected answer to queue.declare")
        }
        return AMQPQueueDepth(messages: messages, consumers: consumers)
    }
}
