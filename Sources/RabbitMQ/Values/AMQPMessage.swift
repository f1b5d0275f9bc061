/// A message to publish.
package struct AMQPMessage: Sendable, Equatable {
    package var exchange: String
    package var routingKey: String
    /// With true (the default) a message that reaches no queue comes back as `unroutable` instead of vanishing.
    package var mandatory: Bool
    package var body: [UInt8]
    package var properties: AMQPProperties

    package init(
        exchange: String,
        routingKey: String,
        body: [UInt8],
        properties: AMQPProperties = AMQPProperties(),
        mandatory: Bool = true
    ) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.body = body
        self.properties = properties
        self.mandatory = mandatory
    }

    /// Headers above this are refused before anything is sent: a half-sent message would end the connection.
    static let maximumPropertiesSize = 65_536

    /// Why librabbitmq could not send this message whole, or nil.
    func defect(maximumBody: Int) -> AMQPPublishError? {
        if body.count > maximumBody {
            return .tooLarge(what: "body", size: body.count, limit: maximumBody)
        }
        if let headers = properties.headers, !headers.isEmpty, let defect = headers.defect(maximumSize: 60_000) {
            return .tooLarge(what: "headers: \(defect)", size: headers.encodedSize, limit: 60_000)
        }
        let size = properties.encodedSize
        if size > Self.maximumPropertiesSize {
            return .tooLarge(what: "properties", size: size, limit: Self.maximumPropertiesSize)
        }
        if exchange.utf8.count > 255 || routingKey.utf8.count > 255 || hasLongShortString {
            return .tooLarge(what: "exchange, routing key or a property", size: 256, limit: 255)
        }
        return nil
    }

    private var hasLongShortString: Bool {
        func long(_ string: String?) -> Bool { (string?.utf8.count ?? 0) > 255 }
        let properties = properties
        return long(properties.messageID) || long(properties.type) || long(properties.contentType)
            || long(properties.contentEncoding) || long(properties.correlationID) || long(properties.replyTo)
            || long(properties.expiration) || long(properties.userID) || long(properties.appID)
    }
}
