import Glibc
import Synchronization

@testable import RabbitMQ

/// A TCP proxy to the broker that ends a connection after exactly so many bytes, as a reset does, or passes on byte by
/// byte. A thread of its own; connections made after a cut are whole again.
final class FaultProxy: Sendable {
    enum Direction: Sendable, Hashable, CaseIterable {
        case toBroker, toClient
    }

    private struct State {
        var isStopped = false
        /// Bytes that still pass before the cut; nil when none is wanted.
        var untilCut: (direction: Direction, bytes: Int)?
        var passed: [Direction: Int] = [:]
        var slice = Int.max
    }

    let port: UInt16
    private let listener: Int32
    private let target: UInt16
    /// One element for each connection that was cut.
    let cuts: AsyncStream<Void>
    private let cutting: AsyncStream<Void>.Continuation
    private let wake: (read: Int32, write: Int32)
    private let state = Mutex(State())

    /// - Parameter port: to listen on; 0 for any that is free.
    init(target: UInt16, port: UInt16 = 0) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0, let (listener, port) = Loopback.listen(port) else {
            throw MissingPeer(description: "no port for the proxy")
        }
        (self.listener, self.port, self.target, wake) = (listener, port, target, (ends[0], ends[1]))
        (cuts, cutting) = AsyncStream.makeStream()
        Thread.start(name: "fault-proxy") { [self] in run() }
    }

    /// The connection that passes byte number `bytes` + 1 from now on in this direction ends before it.
    func cut(_ direction: Direction, after bytes: Int) {
        state.withLock { $0.untilCut = (direction, bytes) }
    }

    /// Every write is so small from now on.
    func slice(_ bytes: Int) { state.withLock { $0.slice = bytes } }

    /// Bytes that have passed since the start.
    func passed(_ direction: Direction) -> Int { state.withLock { $0.passed[direction] ?? 0 } }

    func stop() {
        state.withLock { $0.isStopped = true }
        _ = write(wake.write, "x", 1)
    }

    private struct Pair {
        let client: Int32
        let broker: Int32
    }

    private func run() {
        var pairs: [Pair] = []
        defer {
            for pair in pairs { end(pair) }
            _ = (close(listener), close(wake.read), close(wake.write))
        }
        while true {
            var polled = [listener, wake.read] + pairs.flatMap { [$0.client, $0.broker] }
            var entries = polled.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&entries, nfds_t(entries.count), -1) > 0 else { continue }
            if state.withLock({ $0.isStopped }) { return }
            if entries[0].revents != 0, let pair = accepted() { pairs.append(pair) }
            polled = entries.dropFirst(2).filter { $0.revents != 0 }.map(\.fd)
            for descriptor in polled {
                guard let index = pairs.firstIndex(where: { $0.client == descriptor || $0.broker == descriptor }) else {
                    continue
                }
                if !pass(from: descriptor, of: pairs[index]) { end(pairs.remove(at: index)) }
            }
        }
    }

    private func accepted() -> Pair? {
        let client = accept(listener, nil, nil)
        guard client >= 0, let broker = Loopback.connect(target) else { return nil }
        for descriptor in [client, broker] { Loopback.sendAtOnce(descriptor) }
        return Pair(client: client, broker: broker)
    }

    /// False when the connection is over.
    private func pass(from source: Int32, of pair: Pair) -> Bool {
        let direction: Direction = source == pair.client ? .toBroker : .toClient
        let sink = source == pair.client ? pair.broker : pair.client
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(source, &buffer, buffer.count)
        guard count > 0 else { return false }
        let (allowed, slice) = state.withLock { state -> (Int, Int) in
            guard let cut = state.untilCut, cut.direction == direction else { return (count, state.slice) }
            guard count > cut.bytes else {
                state.untilCut = (direction, cut.bytes - count)
                return (count, state.slice)
            }
            state.untilCut = nil
            return (cut.bytes, state.slice)
        }
        defer { if allowed < count { cutting.yield() } }
        // Counted before it is sent: who has received it finds it counted.
        state.withLock { $0.passed[direction, default: 0] += allowed }
        var sent = 0
        while sent < allowed {
            let written = buffer[sent..<min(allowed, sent + slice, count)].withUnsafeBytes {
                write(sink, $0.baseAddress, $0.count)
            }
            if written <= 0 { return false }
            sent += written
        }
        return allowed == count
    }

    private func end(_ pair: Pair) {
        for descriptor in [pair.client, pair.broker] { Loopback.reset(descriptor) }
    }
}
