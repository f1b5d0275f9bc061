import Testing

@testable import RabbitMQ

@Suite struct FrameAssemblerTests {
    private static let deliver = InboundMethod.deliver(tag: 1, redelivered: false, exchange: "e", routingKey: "k")

    private func assembler(limit: Int = 1_000, truncated: Int = 10) -> FrameAssembler {
        FrameAssembler(channelMax: 8, bodyLimit: limit, truncatedBody: truncated)
    }

    private func body(_ assembler: inout FrameAssembler, _ bytes: [UInt8], _ channel: UInt16) -> FrameAssembler.Action {
        bytes.withUnsafeBytes { assembler.body($0, channel: channel) }
    }

    @Test func `a message comes together from its frames`() {
        var assembler = assembler()
        let properties = AMQPProperties(messageID: "id")
        #expect(assembler.method(Self.deliver, channel: 1) == .none)
        #expect(assembler.header(bodySize: 5, properties: properties, channel: 1) == .none)
        #expect(body(&assembler, [1, 2, 3], 1) == .none)
        let message = InboundMessage(
            start: Self.deliver,
            properties: properties,
            body: [1, 2, 3, 4, 5],
            fullLength: 5,
            truncated: false
        )
        #expect(body(&assembler, [4, 5], 1) == .message(message))
        #expect(assembler.method(.consumeOK, channel: 1) == .method(.consumeOK))
    }

    @Test func `channels do not disturb each other`() {
        var assembler = assembler()
        let empty = AMQPProperties()
        for channel in UInt16(1)...3 { _ = assembler.method(Self.deliver, channel: channel) }
        for channel in UInt16(1)...3 {
            _ = assembler.header(bodySize: UInt64(channel), properties: empty, channel: channel)
        }
        #expect(assembler.method(.qosOK, channel: 4) == .method(.qosOK))
        for channel in (UInt16(1)...3).reversed() {
            let bytes = [UInt8](repeating: UInt8(channel), count: Int(channel))
            guard case .message(let message) = body(&assembler, bytes, channel) else {
                Issue.record("no message on channel \(channel)")
                return
            }
            #expect(message.body == bytes)
        }
    }

    @Test func `an empty body needs no body frame`() {
        var assembler = assembler()
        _ = assembler.method(Self.deliver, channel: 1)
        guard case .message(let message) = assembler.header(bodySize: 0, properties: AMQPProperties(), channel: 1)
        else {
            Issue.record("no message")
            return
        }
        #expect(message.body.isEmpty && message.fullLength == 0)
    }

    @Test func `a body over the limit keeps its beginning, and an absurd size reserves nothing`() {
        var assembler = assembler(limit: 20, truncated: 10)
        _ = assembler.method(Self.deliver, channel: 1)
        _ = assembler.header(bodySize: 21, properties: AMQPProperties(), channel: 1)
        _ = body(&assembler, Array(0..<15), 1)
        guard case .message(let message) = body(&assembler, Array(15..<21), 1) else {
            Issue.record("no message")
            return
        }
        #expect(message.truncated && message.fullLength == 21 && message.body == Array(0..<10))
        _ = assembler.method(Self.deliver, channel: 1)
        #expect(assembler.header(bodySize: .max, properties: AMQPProperties(), channel: 1) == .none)
        #expect(body(&assembler, [1], 1) == .none)
    }

    @Test func `what the protocol does not allow is a violation`() {
        func isViolation(_ action: FrameAssembler.Action) -> Bool {
            if case .violation = action { true } else { false }
        }
        let empty = AMQPProperties()
        var fresh = assembler()
        #expect(isViolation(fresh.header(bodySize: 1, properties: empty, channel: 1)))
        #expect(isViolation(body(&fresh, [1], 1)))
        #expect(isViolation(fresh.method(.qosOK, channel: 9)))
        #expect(isViolation(fresh.method(Self.deliver, channel: 0)))
        #expect(isViolation(fresh.header(bodySize: 1, properties: empty, channel: 65_535)))
        _ = fresh.method(Self.deliver, channel: 1)
        #expect(isViolation(body(&fresh, [1], 1)))
        #expect(isViolation(fresh.method(.qosOK, channel: 1)))
        #expect(isViolation(fresh.method(Self.deliver, channel: 1)))
        _ = fresh.header(bodySize: 2, properties: empty, channel: 1)
        #expect(isViolation(fresh.header(bodySize: 2, properties: empty, channel: 1)))
        #expect(isViolation(body(&fresh, [1, 2, 3], 1)))
    }

    @Test func `a channel closed inside a message starts anew`() {
        var assembler = assembler()
        _ = assembler.method(Self.deliver, channel: 1)
        _ = assembler.header(bodySize: 5, properties: AMQPProperties(), channel: 1)
        let close = InboundMethod.channelClose(code: 404, text: "")
        #expect(assembler.method(close, channel: 1) == .method(close))
        #expect(assembler.method(.channelOpenOK, channel: 1) == .method(.channelOpenOK))
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `random frames never trap and never make a body of another length`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var assembler = assembler(limit: 64, truncated: 16)
        for _ in 0..<5_000 {
            let channel = UInt16.random(in: 0...10, using: &random)
            let action: FrameAssembler.Action
            switch Int.random(in: 0..<4, using: &random) {
            case 0: action = assembler.method(Self.deliver, channel: channel)
            case 1: action = assembler.method(.channelClose(code: 500, text: ""), channel: channel)
            case 2:
                let size: UInt64 = Bool.random(using: &random) ? .random(in: 0...80, using: &random) : .max
                action = assembler.header(bodySize: size, properties: AMQPProperties(), channel: channel)
            default:
                let count = Int.random(in: 0...40, using: &random)
                action = body(&assembler, [UInt8](repeating: 7, count: count), channel)
            }
            guard case .message(let message) = action else { continue }
            #expect(message.truncated == (message.fullLength > 64))
            #expect(message.body.count == (message.truncated ? 16 : Int(message.fullLength)))
        }
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
