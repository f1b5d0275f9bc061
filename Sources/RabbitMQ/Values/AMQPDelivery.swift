/// Names one delivery for as long as its channel lives.
///
/// `generation` is the opening of the channel it came through: after a reconnect the same number means another message,
/// so a settle with an old generation is counted and dropped, never sent.
package struct DeliveryTag: Sendable, Hashable {
    package let generation: UInt64
    package let number: UInt64

    package init(generation: UInt64, number: UInt64) {
        self.generation = generation
        self.number = number
    }
}

/// A message received.
package struct AMQPDelivery: Sendable, Equatable {
    package var tag: DeliveryTag
    package var redelivered: Bool
    package var exchange: String
    package var routingKey: String
    package var properties: AMQPProperties
    /// The whole body, or its first 64 KiB when `truncated`.
    package var body: [UInt8]
    /// The true length in bytes of the body, as the broker sent it.
    package var fullLength: UInt64
    package var truncated: Bool
    /// Of the whole body; present only when `truncated` and a hasher was given.
    package var digest: [UInt8]?
}

/// All that one turn of the link's loop read for one consumer, in order.
package typealias AMQPBatch = [AMQPDelivery]
