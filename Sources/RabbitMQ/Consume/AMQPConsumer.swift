/// One subscription. Its deliveries come in batches: all that one turn of the link read.
///
/// Survives reconnects and deleted queues by subscribing again; deliveries not taken by then are dropped here, since the
/// broker delivers them again, and the tags of those taken are stale.
package final class AMQPConsumer: Sendable {
    package let queue: String
    private let link: AMQPConsumerLink
    private let mailbox: DeliveryMailbox
    private let id: UInt64

    init(queue: String, link: AMQPConsumerLink, mailbox: DeliveryMailbox, id: UInt64) {
        self.queue = queue
        self.link = link
        self.mailbox = mailbox
        self.id = id
    }

    /// Waits for the next deliveries, one caller at a time. Nil when the subscription has ended by `cancel`, `close` or
    /// the end of the link, and when the calling task is cancelled.
    package func nextBatch(max maximum: Int = .max) async -> AMQPBatch? { await mailbox.next(maximum: maximum) }

    /// Settles as done; sent at the end of the link's turn, in the fewest frames. The broker does not confirm it.
    /// - Returns: how many tags were stale or settled before; nothing is sent for those.
    @discardableResult
    package func acknowledge(_ tags: [DeliveryTag]) async -> Int { await link.settle(id, tags, .acknowledge) }

    /// basic.nack: gives back (`requeue`) or dead-letters.
    @discardableResult
    package func nack(_ tags: [DeliveryTag], requeue: Bool) async -> Int {
        await link.settle(id, tags, .negativeAcknowledge(requeue: requeue))
    }

    /// basic.reject: as `nack`, but from RabbitMQ 4.3 on only this one counts as a failed delivery.
    @discardableResult
    package func reject(_ tags: [DeliveryTag], requeue: Bool) async -> Int {
        await link.settle(id, tags, .reject(requeue: requeue))
    }

    /// Most deliveries not yet settled, from now on; clamped to 1…65 535. Returns at once. The broker limits only new
    /// subscriptions, so this one is renewed on its channel: what was delivered stays good and settled as ever. With fewer
    /// than before, nothing comes until enough is settled.
    package func setPrefetch(_ prefetch: Int) async { await link.setPrefetch(id, prefetch) }

    /// Ends the subscription; returns after the broker's word that nothing more comes. What was delivered before is
    /// still given by `nextBatch`, and can be settled until `close`.
    package func cancel() async { await link.cancel(id) }

    /// Closes the channel: everything delivered and not settled goes back to the queue, in order.
    package func close() async { await link.close(id) }

    /// Delivered and not settled.
    package var outstanding: Int { get async { await link.outstanding(id) } }
}

extension AMQPConsumer: AsyncSequence {
    package struct AsyncIterator: AsyncIteratorProtocol {
        let consumer: AMQPConsumer

        package mutating func next() async -> AMQPBatch? { await consumer.nextBatch() }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws(Never) -> AMQPBatch? {
            await consumer.nextBatch()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(consumer: self) }
}
