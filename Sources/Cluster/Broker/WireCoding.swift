import JobCore
import RabbitMQ

extension AMQPMessage {
    /// A wire message on its way through `exchange`, persistent and mandatory.
    init(_ message: WireMessage, exchange: String) {
        var properties = AMQPProperties()
        properties.contentType = message.contentType
        properties.messageID = message.messageID
        properties.type = message.type
        properties.timestamp = message.timestamp.flatMap { UInt64(exactly: $0) }
        properties.headers = AMQPTable(
            entries: message.headers.map { AMQPTable.Entry(key: $0.key, value: AMQPValue($0.value)) }
        )
        self.init(exchange: exchange, routingKey: message.routingKey, body: message.body, properties: properties)
    }
}

extension AMQPValue {
    init(_ value: HeaderValue) {
        self =
            switch value {
            case .int(let number): .int64(number)
            case .bool(let flag): .bool(flag)
            case .double(let number): .double(number)
            case .string(let text): .text(text)
            case .bytes(let bytes): .bytes(bytes)
            case .list(let values): .array(values.map(AMQPValue.init))
            case .table(let table):
                .table(AMQPTable(entries: table.map { AMQPTable.Entry(key: $0.key, value: AMQPValue($0.value)) }))
            case .null: .void
            }
    }
}

extension HeaderValue {
    /// Integers of every width are one type here; text that is not UTF-8 is kept as bytes.
    init(_ value: AMQPValue) {
        if let number = value.integer {
            self = .int(number)
            return
        }
        switch value {
        case .bool(let flag): self = .bool(flag)
        case .float(let number): self = .double(Double(number))
        case .double(let number): self = .double(number)
        case .decimal(let scale, let value): self = .string("\(value)e-\(scale)")
        case .string(let bytes): self = value.text.map { .string($0) } ?? .bytes(bytes)
        case .bytes(let bytes): self = .bytes(bytes)
        case .array(let values): self = .list(values.map(HeaderValue.init))
        case .table(let table): self = .table(Headers(table))
        case .uint64(let number), .timestamp(let number): self = .string("\(number)")
        default: self = .null
        }
    }
}

extension Headers {
    init(_ table: AMQPTable) {
        self = Dictionary(
            table.entries.lazy.map { ($0.key, HeaderValue($0.value)) },
            uniquingKeysWith: { first, _ in first }
        )
    }
}

extension Delivery {
    init(_ delivery: AMQPDelivery) {
        let properties = delivery.properties
        self.init(
            tag: JobCore.DeliveryTag(generation: delivery.tag.generation, number: delivery.tag.number),
            message: WireMessage(
                routingKey: delivery.routingKey,
                body: delivery.body,
                messageID: properties.messageID,
                type: properties.type,
                contentType: properties.contentType,
                timestamp: properties.timestamp.flatMap { Int64(exactly: $0) },
                headers: properties.headers.map(Headers.init) ?? [:]
            ),
            redelivered: delivery.redelivered,
            oversize: delivery.truncated
                ? Delivery.Oversize(
                    length: Int64(clamping: delivery.fullLength),
                    sha256: delivery.digest.map(Hexadecimal.text) ?? ""
                )
                : nil
        )
    }
}
