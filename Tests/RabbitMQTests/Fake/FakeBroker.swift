import Glibc
import Synchronization

@testable import RabbitMQ

/// Opens each connection as RabbitMQ does, up to the confirm.select or basic.consume of its client, and then says what it
/// is told to. One connection at a time, on a thread of its own.
final class FakeBroker: Sendable {
    /// - Parameters: the number of the connection, its channel, its consumer tag.
    /// - Returns: nil when nothing more shall be said: the listener closes.
    typealias Speech = @Sendable (_ round: Int, _ channel: UInt16, _ tag: String) -> [UInt8]?

    let port: UInt16
    /// One element when all has been said.
    let ended: AsyncStream<Void>
    private let ending: AsyncStream<Void>.Continuation
    private let listener: Int32
    private let speech: Speech

    init(_ speech: @escaping Speech) throws {
        guard let (listener, port) = Loopback.listen() else { throw MissingPeer(description: "no port") }
        (self.listener, self.port, self.speech) = (listener, port, speech)
        (ended, ending) = AsyncStream.makeStream()
        Thread.start(name: "fake-broker") { [self] in
            run()
            close(listener)
            ending.finish()
        }
    }

    private func run() {
        var round = 0
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            var patience = timeval(tv_sec: 1, tv_usec: 0)
            setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            Loopback.sendAtOnce(client)
            var isOver = false
            if let (channel, tag) = opened(client) {
                if let bytes = speech(round, channel, tag) {
                    round += 1
                    say(bytes, to: client)
                    listenOn(client)
                } else {
                    isOver = true
                }
            }
            Loopback.reset(client)
            if isOver { return }
        }
    }

    private func say(_ bytes: [UInt8], to client: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }

    /// Takes what the client still says, until it ends the connection or has had its say for some milliseconds.
    private func listenOn(_ client: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        for _ in 0..<4 {
            var entry = pollfd(fd: client, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 3) > 0 else { continue }
            guard recv(client, &buffer, buffer.count, 0) > 0 else { return }
        }
    }

    /// The client's channel and consumer tag; nil when it went away.
    private func opened(_ client: Int32) -> (channel: UInt16, tag: String)? {
        guard let greeting = take(8, from: client), greeting.starts(with: Array("AMQP".utf8)) else { return nil }
        let mechanisms = Array("PLAIN".utf8)
        let locales = Array("en_US".utf8)
        let start =
            [0, 9] + FakeFrame.big(UInt32(0)) + FakeFrame.big(UInt32(mechanisms.count)) + mechanisms
            + FakeFrame.big(UInt32(locales.count)) + locales
        say(FakeFrame.method(0, 10, 10, start), to: client)
        while let (channel, classID, methodID, arguments) = nextMethod(client) {
            switch (classID, methodID) {
            case (10, 11):
                let tune = FakeFrame.big(UInt16(2_047)) + FakeFrame.big(UInt32(131_072)) + FakeFrame.big(UInt16(60))
                say(FakeFrame.method(0, 10, 30, tune), to: client)
            case (10, 40): say(FakeFrame.method(0, 10, 41, [0]), to: client)
            case (20, 10): say(FakeFrame.method(channel, 20, 11, FakeFrame.big(UInt32(0))), to: client)
            case (60, 10): say(FakeFrame.method(channel, 60, 11), to: client)
            case (85, 10):
                say(FakeFrame.method(channel, 85, 11), to: client)
                return (channel, "none")
            case (60, 20):
                let tag = shortText(arguments.dropFirst(2 + 1 + Int(arguments.dropFirst(2).first ?? 0)))
                say(FakeFrame.method(channel, 60, 21, FakeFrame.short(tag)), to: client)
                return (channel, tag)
            default: continue
            }
        }
        return nil
    }

    private func shortText(_ bytes: ArraySlice<UInt8>) -> String {
        guard let count = bytes.first else { return "" }
        return String(decoding: bytes.dropFirst().prefix(Int(count)), as: UTF8.self)
    }

    private func nextMethod(_ client: Int32) -> (UInt16, UInt16, UInt16, [UInt8])? {
        while let head = take(7, from: client) {
            let size = Int(head[3]) << 24 | Int(head[4]) << 16 | Int(head[5]) << 8 | Int(head[6])
            guard size < 1 << 20, let rest = take(size + 1, from: client) else { return nil }
            guard head[0] == 1, size >= 4 else { continue }
            func number(_ high: UInt8, _ low: UInt8) -> UInt16 { UInt16(high) << 8 | UInt16(low) }
            return (
                number(head[1], head[2]), number(rest[0], rest[1]), number(rest[2], rest[3]),
                Array(rest[4..<size])
            )
        }
        return nil
    }

    private func take(_ count: Int, from client: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var taken = 0
        while taken < count {
            let got = bytes.withUnsafeMutableBytes { recv(client, $0.baseAddress! + taken, count - taken, 0) }
            guard got > 0 else { return nil }
            taken += got
        }
        return bytes
    }
}
