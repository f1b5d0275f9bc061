import CRabbitMQ

/// One amqp_connection_state_t: owned once, destroyed once. Used by one thread at a time; nothing in it waits,
/// provided that there was room for what is sent (`SendRoom`).
struct ConnectionHandle: ~Copyable {
    let state: amqp_connection_state_t
    private let arena = Arena()

    init?() {
        guard let state = amqp_new_connection() else { return nil }
        self.state = state
    }

    deinit { amqp_destroy_connection(state) }

    var descriptor: Int32 { amqp_get_sockfd(state) }

    /// Whether a read would find something without asking the socket.
    var hasBufferedInput: Bool { amqp_frames_enqueued(state) != 0 || amqp_data_in_buffer(state) != 0 }

    enum Read {
        case frame(InboundFrame)
        case nothing
        case failed(Int32)
    }

    /// One frame, if it is there. Bodies are shown to `body` in place, since they are large; all else is copied out.
    mutating func read(body: (UnsafeRawBufferPointer, UInt16) -> Void) -> Read {
        var frame = amqp_frame_t()
        let status = crmq_next_frame(state, &frame)
        guard status == 0 else { return status == 1 ? .nothing : .failed(status) }
        let result: InboundFrame
        switch Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD:
            result = .method(InboundMethod(frame.payload.method), channel: frame.channel)
        case AMQP_FRAME_HEADER:
            let header = frame.payload.properties
            // Only content of class basic exists; the decoded pointer of another class is another struct.
            guard header.class_id == AMQP_BASIC_CLASS, let decoded = header.decoded else {
                return .failed(AMQP_STATUS_BAD_AMQP_DATA.rawValue)
            }
            let properties = Copying.properties(decoded.load(as: amqp_basic_properties_t.self))
            result = .header(bodySize: header.body_size, properties: properties, channel: frame.channel)
        case AMQP_FRAME_BODY:
            let fragment = frame.payload.body_fragment
            body(
                UnsafeRawBufferPointer(start: fragment.bytes, count: fragment.bytes == nil ? 0 : fragment.len),
                frame.channel
            )
            result = .body
        default:
            result = .heartbeat
        }
        // Everything is copied, so the memory of this frame may be used for the next one.
        amqp_maybe_release_buffers_on_channel(state, frame.channel)
        amqp_maybe_release_buffers_on_channel(state, 0)
        return .frame(result)
    }

    /// All sends return AMQP_STATUS_OK (0) or a negative status, after which the connection is useless.
    mutating func send(_ method: OutboundMethod, channel: UInt16) -> Int32 {
        defer { arena.recycle() }
        return method.send(state: state, channel: channel, arena: arena)
    }

    mutating func sendHeartbeat() -> Int32 { crmq_send_heartbeat(state) }

    /// A whole message whose body fits one frame.
    mutating func publish(_ message: borrowing AMQPMessage, sequence: UInt64?, channel: UInt16) -> Int32 {
        defer { arena.recycle() }
        var properties = arena.properties(message.properties, sequence: sequence)
        let exchange = arena.bytes(message.exchange)
        let routingKey = arena.bytes(message.routingKey)
        let mandatory: Int32 = message.mandatory ? 1 : 0
        return message.body.withUnsafeBytes { body in
            let bytes = amqp_bytes_t(len: body.count, bytes: UnsafeMutableRawPointer(mutating: body.baseAddress))
            return amqp_basic_publish(state, channel, exchange, routingKey, mandatory, 0, &properties, bytes)
        }
    }

    /// Method and header of a message whose body follows by `sendBody`.
    mutating func beginPublish(_ message: borrowing AMQPMessage, sequence: UInt64?, channel: UInt16) -> Int32 {
        defer { arena.recycle() }
        var method = amqp_basic_publish_t()
        method.exchange = arena.bytes(message.exchange)
        method.routing_key = arena.bytes(message.routingKey)
        method.mandatory = message.mandatory ? 1 : 0
        let status = amqp_send_method(state, channel, 0x003C_0028, &method)
        guard status == 0 else { return status }
        var properties = arena.properties(message.properties, sequence: sequence)
        return crmq_send_header(state, channel, UInt64(message.body.count), &properties)
    }

    mutating func sendBody(_ body: [UInt8], range: Range<Int>, channel: UInt16) -> Int32 {
        body.withUnsafeBytes { bytes in
            guard let base = bytes[range].baseAddressOfSlice else { return 0 }
            return crmq_send_body(state, channel, base, range.count)
        }
    }

    static func text(_ status: Int32) -> String { String(cString: amqp_error_string2(status)) }
}

extension Slice<UnsafeRawBufferPointer> {
    fileprivate var baseAddressOfSlice: UnsafeRawPointer? { UnsafeRawBufferPointer(rebasing: self).baseAddress }
}

/// A frame without its body, which was shown in place.
enum InboundFrame {
    case method(InboundMethod, channel: UInt16)
    case header(bodySize: UInt64, properties: AMQPProperties, channel: UInt16)
    case body
    case heartbeat
}
