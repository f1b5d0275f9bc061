/// A message as a broker carries it, before anything in it is believed.
package struct WireMessage: Sendable, Equatable {
    /// The job's name, or `NAME.high`, `NAME.normal`, `NAME.bulk` for a lane.
    package var routingKey: String
    package var body: [UInt8]
    package var messageID: String?
    package var type: String?
    package var contentType: String?
    /// Seconds since the epoch, AMQP's `timestamp` property.
    package var timestamp: Int64?
    package var headers: Headers

    package init(
        routingKey: String,
        body: [UInt8],
        messageID: String? = nil,
        type: String? = nil,
        contentType: String? = nil,
        timestamp: Int64? = nil,
        headers: Headers = [:]
    ) {
        self.routingKey = routingKey
        self.body = body
        self.messageID = messageID
        self.type = type
        self.contentType = contentType
        self.timestamp = timestamp
        self.headers = headers
    }
}
