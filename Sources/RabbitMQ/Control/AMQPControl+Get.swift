/// A message fetched by basic.get.
package struct AMQPGot: Sendable, Equatable {
    package var delivery: AMQPDelivery
    /// Messages left in the queue, as far as the broker knew.
    package var remaining: UInt32
}

extension AMQPControl {
    /// Fetches one message, or nil when the queue has none ready. For collectors and tests: on a quorum queue giving a
    /// message back raises its delivery count.
    package func get(_ queue: String, deadline: Duration = .seconds(10)) async throws(AMQPError) -> AMQPGot? {
        switch try await perform(.get(queue: queue), queue: queue, deadline: deadline) {
        case .message(let delivery, let remaining): return AMQPGot(delivery: delivery, remaining: remaining)
        case .method(.getEmpty): return nil
        case .method: throw .invalid("unexpected answer to basic.get")
        }
    }

    /// - Returns: false when the tag was stale: the message has gone back to its queue.
    @discardableResult
    package func acknowledge(_ tag: DeliveryTag) async -> Bool { settle(tag, .acknowledge) }

    @discardableResult
    package func nack(_ tag: DeliveryTag, requeue: Bool) async -> Bool {
        settle(tag, .negativeAcknowledge(requeue: requeue))
    }

    @discardableResult
    package func reject(_ tag: DeliveryTag, requeue: Bool) async -> Bool { settle(tag, .reject(requeue: requeue)) }

    /// Gives back, in order, everything got from this queue and not settled.
    package func closeGets(of queue: String) async { closeChannel(ofQueue: queue) }
}
