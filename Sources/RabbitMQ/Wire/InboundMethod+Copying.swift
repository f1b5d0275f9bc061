import CRabbitMQ

extension InboundMethod {
    /// Copies a decoded method. Unknown ones keep their number, so that they can be ignored by name.
    init(_ method: amqp_method_t) {
        guard let decoded = method.decoded else {
            self = .unknown(method.id)
            return
        }
        func read<T>(_ type: T.Type) -> T { decoded.load(as: type) }
        switch method.id {
        case 0x000A_0032:
            let close = read(amqp_connection_close_t.self)
            self = .connectionClose(code: close.reply_code, text: Copying.string(close.reply_text))
        case 0x000A_0033: self = .connectionCloseOK
        case 0x000A_003C: self = .blocked(reason: Copying.string(read(amqp_connection_blocked_t.self).reason))
        case 0x000A_003D: self = .unblocked
        case 0x0014_000B: self = .channelOpenOK
        case 0x0014_0014: self = .channelFlow(active: read(amqp_channel_flow_t.self).active != 0)
        case 0x0014_0028:
            let close = read(amqp_channel_close_t.self)
            self = .channelClose(code: close.reply_code, text: Copying.string(close.reply_text))
        case 0x0014_0029: self = .channelCloseOK
        case 0x0028_000B: self = .exchangeDeclareOK
        case 0x0028_0015: self = .exchangeDeleteOK
        case 0x0032_000B:
            let declared = read(amqp_queue_declare_ok_t.self)
            self = .queueDeclareOK(messages: declared.message_count, consumers: declared.consumer_count)
        case 0x0032_0015: self = .queueBindOK
        case 0x0032_001F: self = .queuePurgeOK(messages: read(amqp_queue_purge_ok_t.self).message_count)
        case 0x0032_0029: self = .queueDeleteOK(messages: read(amqp_queue_delete_ok_t.self).message_count)
        case 0x0032_0033: self = .queueUnbindOK
        case 0x003C_000B: self = .qosOK
        case 0x003C_0015: self = .consumeOK
        case 0x003C_001E: self = .cancel
        case 0x003C_001F: self = .cancelOK
        case 0x003C_0032:
            let returned = read(amqp_basic_return_t.self)
            self = .returned(
                code: returned.reply_code,
                text: Copying.string(returned.reply_text),
                exchange: Copying.string(returned.exchange),
                routingKey: Copying.string(returned.routing_key)
            )
        case 0x003C_003C:
            let delivered = read(amqp_basic_deliver_t.self)
            self = .deliver(
                tag: delivered.delivery_tag,
                redelivered: delivered.redelivered != 0,
                exchange: Copying.string(delivered.exchange),
                routingKey: Copying.string(delivered.routing_key)
            )
        case 0x003C_0047:
            let got = read(amqp_basic_get_ok_t.self)
            self = .getOK(
                tag: got.delivery_tag,
                redelivered: got.redelivered != 0,
                exchange: Copying.string(got.exchange),
                routingKey: Copying.string(got.routing_key),
                remaining: got.message_count
            )
        case 0x003C_0048: self = .getEmpty
        case 0x003C_0050:
            let acknowledged = read(amqp_basic_ack_t.self)
            self = .acknowledged(tag: acknowledged.delivery_tag, multiple: acknowledged.multiple != 0)
        case 0x003C_0078:
            let rejected = read(amqp_basic_nack_t.self)
            self = .rejected(tag: rejected.delivery_tag, multiple: rejected.multiple != 0)
        case 0x0055_000B: self = .confirmSelectOK
        default: self = .unknown(method.id)
        }
    }
}
