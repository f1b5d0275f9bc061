/// A method frame from the broker, copied out of librabbitmq's memory.
enum InboundMethod: Sendable, Equatable {
    case connectionClose(code: UInt16, text: String)
    case connectionCloseOK
    case blocked(reason: String)
    case unblocked
    case channelOpenOK
    case channelClose(code: UInt16, text: String)
    case channelCloseOK
    case channelFlow(active: Bool)
    case confirmSelectOK
    case qosOK
    case consumeOK
    case cancelOK
    /// The broker ended a subscription of ours.
    case cancel
    case acknowledged(tag: UInt64, multiple: Bool)
    case rejected(tag: UInt64, multiple: Bool)
    case getEmpty
    case exchangeDeclareOK
    case exchangeDeleteOK
    case queueDeclareOK(messages: UInt32, consumers: UInt32)
    case queueBindOK
    case queueUnbindOK
    case queuePurgeOK(messages: UInt32)
    case queueDeleteOK(messages: UInt32)
    /// These three are followed by a header and a body.
    case deliver(tag: UInt64, redelivered: Bool, exchange: String, routingKey: String)
    case returned(code: UInt16, text: String, exchange: String, routingKey: String)
    case getOK(tag: UInt64, redelivered: Bool, exchange: String, routingKey: String, remaining: UInt32)
    case unknown(UInt32)

    var carriesContent: Bool {
        switch self {
        case .deliver, .returned, .getOK: true
        default: false
        }
    }
}

/// A method with its content, put together by `FrameAssembler`.
struct InboundMessage: Sendable, Equatable {
    var start: InboundMethod
    var properties: AMQPProperties
    var body: [UInt8]
    var fullLength: UInt64
    var truncated: Bool
    var digest: [UInt8]?

    /// As a delivery of the given channel opening; nil for a return.
    func delivery(generation: UInt64) -> AMQPDelivery? {
        switch start {
        case .deliver(let tag, let redelivered, let exchange, let routingKey),
            .getOK(let tag, let redelivered, let exchange, let routingKey, _):
            AMQPDelivery(
                tag: DeliveryTag(generation: generation, number: tag),
                redelivered: redelivered,
                exchange: exchange,
                routingKey: routingKey,
                properties: properties,
                body: body,
                fullLength: fullLength,
                truncated: truncated,
                digest: digest
            )
        default: nil
        }
    }
}
