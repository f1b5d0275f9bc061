import Glibc
import Synchronization

@testable import RabbitMQ

/// A TCP forwarder on a thread of its own that can fall silent, as a cut cable does: connections stay, nothing passes.
/// Without a target it accepts and never answers.
final class Forwarder: Sendable {
    private struct State {
        var isSilent = false
        var silenced: CheckedContinuation<Void, Never>?
        var isStopped = false
    }

    private let state = Mutex(State())
    private let listener: Int32
    private let target: UInt16?
    let port: UInt16

    init(target: UInt16?) throws {
        self.target = target
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard bound else { throw MissingPeer(description: "no port for the forwarder") }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        Thread.start(name: "forwarder") { [self] in run() }
    }

    /// After this nothing passes, in either direction.
    func fallSilent() async {
        await withCheckedContinuation { continuation in state.withLock { $0.silenced = continuation } }
    }

    func stop() { state.withLock { $0.isStopped = true } }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private func run() {
        var pairs: [(Int32, Int32)] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        defer {
            close(listener)
            for (one, other) in pairs { _ = (close(one), other >= 0 ? close(other) : 0) }
        }
        while true {
            let now = state.withLock { state in
                if state.silenced != nil { state.isSilent = true }
                defer { state.silenced = nil }
                return state
            }
            now.silenced?.resume()
            if now.isStopped { return }
            var polled = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
            if !now.isSilent {
                for (one, other) in pairs where other >= 0 {
                    polled.append(pollfd(fd: one, events: Int16(POLLIN), revents: 0))
                    polled.append(pollfd(fd: other, events: Int16(POLLIN), revents: 0))
                }
            }
            guard poll(&polled, nfds_t(polled.count), 10) > 0 else { continue }
            if polled[0].revents != 0 { pairs.append(connectNew()) }
            for entry in polled.dropFirst() where entry.revents != 0 {
                guard let pair = pairs.first(where: { $0.0 == entry.fd || $0.1 == entry.fd }) else { continue }
                let count = read(entry.fd, &buffer, buffer.count)
                let peer = pair.0 == entry.fd ? pair.1 : pair.0
                if count > 0 {
                    var sent = 0
                    while sent < count {
                        let written = buffer[sent..<count].withUnsafeBytes { write(peer, $0.baseAddress, $0.count) }
                        if written <= 0 { break }
                        sent += written
                    }
                } else {
                    pairs.removeAll { $0.0 == pair.0 }
                    _ = (close(pair.0), close(pair.1))
                }
            }
        }
    }

    private func connectNew() -> (Int32, Int32) {
        let accepted = accept(listener, nil, nil)
        guard let target else { return (accepted, -1) }
        let upstream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port: target)
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return (accepted, upstream)
    }
}
