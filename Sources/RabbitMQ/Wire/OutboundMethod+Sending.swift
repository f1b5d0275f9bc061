import CRabbitMQ

extension OutboundMethod {
    /// Encodes and sends, without waiting for any answer. `defect` must be nil and there must be room.
    func send(state: amqp_connection_state_t, channel: UInt16, arena: borrowing Arena) -> Int32 {
        func send<T>(_ id: UInt32, _ method: T) -> Int32 {
            var method = method
            return withUnsafeMutablePointer(to: &method) {
                amqp_send_method(state, channel, id, UnsafeMutableRawPointer($0))
            }
        }
        switch self {
        case .connectionClose:
            var method = amqp_connection_close_t()
            method.reply_code = 200
            return send(0x000A_0032, method)
        case .connectionCloseOK: return send(0x000A_0033, amqp_connection_close_ok_t())
        case .channelOpen: return send(0x0014_000A, amqp_channel_open_t())
        case .channelClose:
            var method = amqp_channel_close_t()
            method.reply_code = 200
            return send(0x0014_0028, method)
        case .channelCloseOK: return send(0x0014_0029, amqp_channel_close_ok_t())
        case .channelFlowOK(let active): return send(0x0014_0015, amqp_channel_flow_ok_t(active: active ? 1 : 0))
        case .confirmSelect: return send(0x0055_000A, amqp_confirm_select_t())
        case .qos(let prefetch):
            return send(0x003C_000A, amqp_basic_qos_t(prefetch_size: 0, prefetch_count: prefetch, global: 0))
        case .consume(let queue, let tag, let arguments):
            var method = amqp_basic_consume_t()
            method.queue = arena.bytes(queue)
            method.consumer_tag = arena.bytes(tag)
            method.arguments = arena.table(arguments)
            return send(0x003C_0014, method)
        case .cancel(let tag):
            return send(0x003C_001E, amqp_basic_cancel_t(consumer_tag: arena.bytes(tag), nowait: 0))
        case .acknowledge(let tag, let multiple): return amqp_basic_ack(state, channel, tag, multiple ? 1 : 0)
        case .negativeAcknowledge(let tag, let requeue):
            return amqp_basic_nack(state, channel, tag, 0, requeue ? 1 : 0)
        case .reject(let tag, let requeue): return amqp_basic_reject(state, channel, tag, requeue ? 1 : 0)
        case .get(let queue):
            return send(0x003C_0046, amqp_basic_get_t(ticket: 0, queue: arena.bytes(queue), no_ack: 0))
        case .exchangeDeclare(let name, let type, let passive, let durable, let arguments):
            var method = amqp_exchange_declare_t()
            method.exchange = arena.bytes(name)
            method.type = arena.bytes(type)
            method.passive = passive ? 1 : 0
            method.durable = durable ? 1 : 0
            method.arguments = arena.table(arguments)
            return send(0x0028_000A, method)
        case .exchangeDelete(let name, let ifUnused):
            var method = amqp_exchange_delete_t()
            method.exchange = arena.bytes(name)
            method.if_unused = ifUnused ? 1 : 0
            return send(0x0028_0014, method)
        case .queueDeclare(let name, let passive, let durable, let arguments):
            var method = amqp_queue_declare_t()
            method.queue = arena.bytes(name)
            method.passive = passive ? 1 : 0
            method.durable = durable ? 1 : 0
            method.arguments = arena.table(arguments)
            return send(0x0032_000A, method)
        case .queueDelete(let name, let ifUnused, let ifEmpty):
            var method = amqp_queue_delete_t()
            method.queue = arena.bytes(name)
            method.if_unused = ifUnused ? 1 : 0
            method.if_empty = ifEmpty ? 1 : 0
            return send(0x0032_0028, method)
        case .queueBind(let queue, let exchange, let routingKey, let arguments):
            var method = amqp_queue_bind_t()
            method.queue = arena.bytes(queue)
            method.exchange = arena.bytes(exchange)
            method.routing_key = arena.bytes(routingKey)
            method.arguments = arena.table(arguments)
            return send(0x0032_0014, method)
        case .queueUnbind(let queue, let exchange, let routingKey, let arguments):
            var method = amqp_queue_unbind_t()
            method.queue = arena.bytes(queue)
            method.exchange = arena.bytes(exchange)
            method.routing_key = arena.bytes(routingKey)
            method.arguments = arena.table(arguments)
            return send(0x0032_0032, method)
        case .queuePurge(let name):
            return send(0x0032_001E, amqp_queue_purge_t(ticket: 0, queue: arena.bytes(name), nowait: 0))
        }
    }
}
