/// Puts messages together from the frames of many channels: a method that carries content, its header, its body frames.
///
/// A value without I/O. What a peer sends is never trusted: sizes are compared before they are used, nothing is reserved
/// beyond the limit, and any order the protocol does not allow is a `violation`, after which the connection is useless.
struct FrameAssembler {
    enum Action: Equatable {
        case none
        case method(InboundMethod)
        case message(InboundMessage)
        case violation(String)
    }

    private struct Assembly {
        var message: InboundMessage
        var remaining: UInt64
        var hasHeader: Bool
        var hasher: (any BodyHasher)?
    }

    private let bodyLimit: UInt64
    private let truncatedBody: Int
    private let makeHasher: (@Sendable () -> any BodyHasher)?
    /// Indexed by channel: open channels are few and numbered from 1.
    private var assemblies: [Assembly?]

    /// - Parameters:
    ///   - channelMax: highest channel number that may appear, at most 65535.
    ///   - bodyLimit: bodies above this many bytes keep only their first `truncatedBody` bytes.
    init(channelMax: Int, bodyLimit: Int, truncatedBody: Int, makeHasher: (@Sendable () -> any BodyHasher)? = nil) {
        self.bodyLimit = UInt64(max(0, bodyLimit))
        self.truncatedBody = max(0, min(truncatedBody, bodyLimit))
        self.makeHasher = makeHasher
        assemblies = Array(repeating: nil, count: min(max(0, channelMax), 65_535) + 1)
    }

    mutating func method(_ method: InboundMethod, channel: UInt16) -> Action {
        let slot = Int(channel)
        guard slot < assemblies.count else { return .violation("method on channel \(channel), never opened") }
        guard method.carriesContent else {
            // The broker may close a channel between the frames of a message.
            if case .channelClose = method { assemblies[slot] = nil }
            guard assemblies[slot] == nil else { return .violation("method inside the content of channel \(channel)") }
            return .method(method)
        }
        guard channel != 0, assemblies[slot] == nil else {
            return .violation("content inside the content of channel \(channel)")
        }
        let message = InboundMessage(
            start: method,
            properties: AMQPProperties(),
            body: [],
            fullLength: 0,
            truncated: false
        )
        assemblies[slot] = Assembly(message: message, remaining: 0, hasHeader: false)
        return .none
    }

    mutating func header(bodySize: UInt64, properties: AMQPProperties, channel: UInt16) -> Action {
        let slot = Int(channel)
        guard slot < assemblies.count, assemblies[slot]?.hasHeader == false else {
            return .violation("unexpected content header on channel \(channel)")
        }
        let truncated = bodySize > bodyLimit
        assemblies[slot]?.hasHeader = true
        assemblies[slot]?.remaining = bodySize
        assemblies[slot]?.message.properties = properties
        assemblies[slot]?.message.fullLength = bodySize
        assemblies[slot]?.message.truncated = truncated
        if bodySize == 0 { return finish(slot) }
        if truncated { assemblies[slot]?.hasher = makeHasher?() }
        assemblies[slot]?.message.body.reserveCapacity(truncated ? truncatedBody : Int(bodySize))
        return .none
    }

    mutating func body(_ bytes: UnsafeRawBufferPointer, channel: UInt16) -> Action {
        let slot = Int(channel)
        guard slot < assemblies.count, let remaining = assemblies[slot]?.remaining,
            assemblies[slot]?.hasHeader == true
        else { return .violation("unexpected body on channel \(channel)") }
        guard UInt64(bytes.count) <= remaining else { return .violation("body longer than its header says") }
        if assemblies[slot]?.message.truncated == true {
            let kept = assemblies[slot]?.message.body.count ?? 0
            assemblies[slot]?.message.body.append(contentsOf: bytes.prefix(max(0, truncatedBody - kept)))
            assemblies[slot]?.hasher?.update(bytes)
        } else {
            assemblies[slot]?.message.body.append(contentsOf: bytes)
        }
        assemblies[slot]?.remaining = remaining - UInt64(bytes.count)
        return remaining == UInt64(bytes.count) ? finish(slot) : .none
    }

    private mutating func finish(_ slot: Int) -> Action {
        guard var assembly = assemblies[slot].take() else { return .none }
        assembly.message.digest = assembly.hasher?.finish()
        return .message(assembly.message)
    }
}
