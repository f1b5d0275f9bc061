/// A method to send. All are small; none is waited for where it is sent.
enum OutboundMethod: Sendable, Equatable {
    case connectionClose
    case connectionCloseOK
    case channelOpen
    case channelClose
    case channelCloseOK
    case channelFlowOK(active: Bool)
    case confirmSelect
    case qos(prefetch: UInt16)
    case consume(queue: String, tag: String, arguments: AMQPTable)
    case cancel(tag: String)
    case acknowledge(tag: UInt64, multiple: Bool)
    case negativeAcknowledge(tag: UInt64, requeue: Bool)
    case reject(tag: UInt64, requeue: Bool)
    case get(queue: String)
    case exchangeDeclare(name: String, type: String, passive: Bool, durable: Bool, arguments: AMQPTable)
    case exchangeDelete(name: String, ifUnused: Bool)
    case queueDeclare(name: String, passive: Bool, durable: Bool, arguments: AMQPTable)
    case queueDelete(name: String, ifUnused: Bool, ifEmpty: Bool)
    case queueBind(queue: String, exchange: String, routingKey: String, arguments: AMQPTable)
    case queueUnbind(queue: String, exchange: String, routingKey: String, arguments: AMQPTable)
    case queuePurge(name: String)

    static let maximumArguments = 16_384

    /// Roughly the bytes on the wire; never less than are sent.
    var sizeBound: Int { 1_200 + arguments.encodedSize }

    private var arguments: AMQPTable {
        switch self {
        case .consume(_, _, let table), .exchangeDeclare(_, _, _, _, let table), .queueDeclare(_, _, _, let table),
            .queueBind(_, _, _, let table), .queueUnbind(_, _, _, let table):
            table
        default: AMQPTable()
        }
    }

    /// Why librabbitmq could not encode it, or nil. Checked at the door so that sending cannot fail for this.
    var defect: String? {
        let names: [String]
        switch self {
        case .consume(let queue, let tag, _): names = [queue, tag]
        case .cancel(let tag): names = [tag]
        case .get(let queue): names = [queue]
        case .exchangeDeclare(let name, let type, _, _, _): names = [name, type]
        case .exchangeDelete(let name, _), .queueDeclare(let name, _, _, _), .queueDelete(let name, _, _),
            .queuePurge(let name):
            names = [name]
        case .queueBind(let queue, let exchange, let key, _), .queueUnbind(let queue, let exchange, let key, _):
            names = [queue, exchange, key]
        default: names = []
        }
        if let long = names.first(where: { $0.utf8.count > 255 }) {
            return "name of \(long.utf8.count) bytes, at most 255"
        }
        return arguments.defect(maximumSize: Self.maximumArguments)
    }

    /// For messages to people.
    var label: String {
        switch self {
        case .connectionClose: "connection.close"
        case .connectionCloseOK: "connection.close-ok"
        case .channelOpen: "channel.open"
        case .channelClose: "channel.close"
        case .channelCloseOK: "channel.close-ok"
        case .channelFlowOK: "channel.flow-ok"
        case .confirmSelect: "confirm.select"
        case .qos: "basic.qos"
        case .consume: "basic.consume"
        case .cancel: "basic.cancel"
        case .acknowledge: "basic.ack"
        case .negativeAcknowledge: "basic.nack"
        case .reject: "basic.reject"
        case .get: "basic.get"
        case .exchangeDeclare: "exchange.declare"
        case .exchangeDelete: "exchange.delete"
        case .queueDeclare: "queue.declare"
        case .queueDelete: "queue.delete"
        case .queueBind: "queue.bind"
        case .queueUnbind: "queue.unbind"
        case .queuePurge: "queue.purge"
        }
    }
}
