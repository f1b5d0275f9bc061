import CRabbitMQ
import Glibc
import Testing

@testable import RabbitMQ

/// Bytes of a hostile broker through librabbitmq's decoder and our copying, over a socket pair.
@Suite struct MutatedFramesTests {
    /// Feeds bytes to a wire as a broker would and answers what came out of it: messages, and how it ended.
    private func feed(_ bytes: [UInt8]) async throws -> (messages: [InboundMessage], failure: LinkFailure?) {
        try await withCheckedThrowingContinuation { continuation in
            Thread.start(name: "fuzz") {
                continuation.resume(with: Result { try Self.feedHere(bytes) })
            }
        }
    }

    private static func feedHere(_ bytes: [UInt8]) throws -> (messages: [InboundMessage], failure: LinkFailure?) {
        var pair: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0, let handle = ConnectionHandle() else {
            throw MissingPeer(description: "no socket pair")
        }
        var size: Int32 = 1 << 20
        setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, 4)
        for descriptor in pair { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
        amqp_tcp_socket_set_sockfd(amqp_tcp_socket_new(handle.state), pair[0])
        // The frame size can be set only after a first frame, which nobody minds: channel.close-ok.
        var first = amqp_frame_t()
        guard Self.frame(1, 1, [0, 0x14, 0, 0x29]).withUnsafeBytes({ write(pair[1], $0.baseAddress, $0.count) }) == 12,
            crmq_next_frame(handle.state, &first) == 0, amqp_tune_connection(handle.state, 16, 131_072, 0) == 0
        else { throw MissingPeer(description: "no frame size") }
        let wire = Wire(
            handle: handle,
            host: "fuzz",
            sendBuffer: 1 << 20,
            channelMax: 16,
            frameMax: 131_072,
            heartbeat: .seconds(10),
            configuration: AMQPConfiguration(endpoints: [], user: "", password: "")
        )
        var rest = bytes[...]
        var messages: [InboundMessage] = []
        do throws(LinkFailure) {
            repeat {
                let sent = rest.withUnsafeBytes { write(pair[1], $0.baseAddress, $0.count) }
                if sent > 0 { rest = rest.dropFirst(sent) }
                if rest.isEmpty { close(pair[1]) }
                try wire.receive(limit: 1_000, now: .now) { (action, _) in
                    if case .message(let message) = action { messages.append(message) }
                }
            } while !rest.isEmpty || wire.hasBufferedInput
            return (messages, nil)
        } catch {
            if !rest.isEmpty { close(pair[1]) }
            return (messages, error)
        }
    }

    private static func frame(_ type: UInt8, _ channel: UInt16, _ payload: [UInt8]) -> [UInt8] {
        [type] + big(channel) + big(UInt32(payload.count)) + payload + [0xCE]
    }

    private static func big(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian, Array.init)
    }

    private static func short(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

    private static func delivery(headers: [UInt8], body: [UInt8]) -> [UInt8] {
        let method: [UInt8] = big(UInt32(0x003C_003C)) + short("tag") + big(UInt64(1)) + [0] + short("e") + short("k")
        // Flags: content type, headers, message id.
        let header: [UInt8] =
            big(UInt16(60)) + big(UInt16(0)) + big(UInt64(body.count)) + big(UInt16(0xA080)) + short("text/plain")
            + big(UInt32(headers.count)) + headers + short("id-1")
        return frame(1, 1, method) + frame(2, 1, header) + frame(3, 1, body)
    }

    private static let headers: [UInt8] =
        short("t") + [UInt8(ascii: "t"), 1] + short("I") + [UInt8(ascii: "I"), 0, 0, 0, 7] + short("S")
        + [UInt8(ascii: "S"), 0, 0, 0, 2, 0xFF, 0x41] + short("F") + [UInt8(ascii: "F"), 0, 0, 0, 3] + short("v")
        + [UInt8(ascii: "V")] + short("A") + [UInt8(ascii: "A"), 0, 0, 0, 2, UInt8(ascii: "b"), 0xFE]

    @Test func `a delivery made by hand is read`() async throws {
        let (messages, _) = try await feed(Self.delivery(headers: Self.headers, body: [1, 2, 3]))
        let message = try #require(messages.first)
        #expect(message.body == [1, 2, 3])
        #expect(message.properties.messageID == "id-1")
        #expect(
            message.properties.headers == [
                "t": true, "I": .int32(7), "S": .string([0xFF, 0x41]), "F": .table(["v": .void]),
                "A": .array([.int8(-2)]),
            ]
        )
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `mutated deliveries end as messages or as a failure, never as a crash`(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let original = Self.delivery(headers: Self.headers, body: Array(repeating: 9, count: 40))
        var failures = 0
        for _ in 0..<400 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = .random(in: 0...255, using: &random)
                case 1: bytes.insert(.random(in: 0...255, using: &random), at: index)
                default: bytes.remove(at: index)
                }
            }
            let (messages, failure) = try await feed(bytes)
            #expect(messages.count <= 1)
            if failure != nil { failures += 1 }
        }
        #expect(failures > 0)
    }

    @Test(arguments: [UInt8(ascii: "A"), UInt8(ascii: "F")])
    func `headers nested as deep as a frame allows do not overflow the stack`(kind: UInt8) async throws {
        // Built from the inside: each level holds the one below.
        let perLevel = kind == UInt8(ascii: "A") ? 5 : 7
        let levels = 130_000 / perLevel
        var headers: [UInt8] = Self.short("h") + [kind]
        for level in 0..<levels {
            let below = (levels - 1 - level) * perLevel
            headers += Self.big(UInt32(below))
            if level < levels - 1 { headers += kind == UInt8(ascii: "A") ? [kind] : [1, 0x61, kind] }
        }
        let (messages, failure) = try await feed(Self.delivery(headers: headers, body: [1]))
        // Some builds of librabbitmq refuse such a table, this one decodes it; both are fine, a crash is not.
        if let message = messages.first {
            #expect(message.properties.headersTruncated)
        } else {
            #expect(failure != nil)
        }
    }
}
