/// The properties of a message. Short strings hold at most 255 bytes; those received with invalid UTF-8 are repaired.
package struct AMQPProperties: Sendable, Equatable {
    package var contentType: String?
    package var contentEncoding: String?
    package var headers: AMQPTable?
    /// 2 = persistent. Default for sending is 2: a message that matters survives the broker.
    package var deliveryMode: UInt8?
    package var priority: UInt8?
    package var correlationID: String?
    package var replyTo: String?
    /// Milliseconds, as text.
    package var expiration: String?
    package var messageID: String?
    /// Seconds since 1970, UTC.
    package var timestamp: UInt64?
    package var type: String?
    package var userID: String?
    package var appID: String?
    /// True when received headers were cut: nested deeper than 16 levels or more than 1024 entries.
    package var headersTruncated = false

    package init(
        contentType: String? = nil,
        headers: AMQPTable? = nil,
        deliveryMode: UInt8? = 2,
        messageID: String? = nil,
        timestamp: UInt64? = nil,
        type: String? = nil
    ) {
        self.contentType = contentType
        self.headers = headers
        self.deliveryMode = deliveryMode
        self.messageID = messageID
        self.timestamp = timestamp
        self.type = type
    }

    /// Bytes on the wire, flags included.
    var encodedSize: Int {
        var size = 2 + (headers?.encodedSize ?? 0)
        size += (deliveryMode == nil ? 0 : 1) + (priority == nil ? 0 : 1) + (timestamp == nil ? 0 : 8)
        func add(_ string: String?) {
            if let string { size += 1 + string.utf8.count }
        }
        add(contentType)
        add(contentEncoding)
        add(correlationID)
        add(replyTo)
        add(expiration)
        add(messageID)
        add(type)
        add(userID)
        add(appID)
        return size
    }
}
