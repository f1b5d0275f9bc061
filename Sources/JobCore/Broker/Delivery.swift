/// Which delivery of which consumption: a tag from an earlier generation means nothing to a later one.
package struct DeliveryTag: Hashable, Sendable {
    package let generation: UInt64
    package let number: UInt64

    package init(generation: UInt64, number: UInt64) {
        self.generation = generation
        self.number = number
    }
}

/// A message handed over by a broker and not yet acknowledged.
package struct Delivery: Sendable {
    package let tag: DeliveryTag
    package let message: WireMessage
    /// Handed out before and come back; says nothing about who is to blame.
    package let redelivered: Bool
    /// Set when the body was larger than the limit and only its beginning was kept.
    package let oversize: Oversize?

    package struct Oversize: Sendable, Equatable {
        package let length: Int64
        /// SHA-256 of the whole body, in lower-case hex.
        package let sha256: String

        package init(length: Int64, sha256: String) {
            self.length = length
            self.sha256 = sha256
        }
    }

    package init(tag: DeliveryTag, message: WireMessage, redelivered: Bool, oversize: Oversize? = nil) {
        self.tag = tag
        self.message = message
        self.redelivered = redelivered
        self.oversize = oversize
    }
}
