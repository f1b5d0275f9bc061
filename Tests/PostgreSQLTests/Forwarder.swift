import Dispatch
import Foundation
import Synchronization

/// A TCP relay to the real server inside the test process, to cut, silence and count connections.
final class Forwarder: Sendable {
    private struct State {
        var listener: Int32 = -1
        var sockets: [Int32] = []
        var accepted = 0
        var isSilent = false
        var cutsOnCommit = false
    }

    struct Failed: Error {}

    let port: UInt16
    private let targetPort: UInt16
    private let state = Mutex(State())

    init(to targetPort: UInt16) throws {
        self.targetPort = targetPort
        let listener = try Forwarder.listen(on: 0)
        port = try Forwarder.localPort(of: listener)
        state.withLock { $0.listener = listener }
        accept(from: listener)
    }

    var accepted: Int { state.withLock { $0.accepted } }

    /// Bytes are swallowed in both directions, connections stay open.
    func silence() { state.withLock { $0.isSilent = true } }

    /// The next COMMIT is passed on to the server, and the connection is cut before its answer.
    func cutAtNextCommit() { state.withLock { $0.cutsOnCommit = true } }

    /// Cuts all connections and refuses new ones.
    func stop() {
        state.withLock { state in
            if state.listener >= 0 { shutdown(state.listener, Int32(SHUT_RDWR)) }
            state.listener = -1
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
            state.sockets = []
        }
    }

    /// Listens again on the same port.
    func resume() throws {
        let listener = try Forwarder.listen(on: port)
        state.withLock { state in
            state.listener = listener
            state.isSilent = false
        }
        accept(from: listener)
    }

    private func accept(from listener: Int32) {
        Thread.detachNewThread { [self] in
            while true {
                let client = Glibc.accept(listener, nil, nil)
                guard client >= 0 else { break }
                state.withLock { $0.accepted += 1 }
                guard let server = try? Forwarder.connect(to: targetPort) else {
                    close(client)
                    continue
                }
                let open = state.withLock { state in
                    guard state.listener == listener else { return false }
                    state.sockets += [client, server]
                    return true
                }
                guard open else {
                    close(client)
                    close(server)
                    continue
                }
                Thread.detachNewThread { [self] in pump(client, server, isRequest: true) }
                Thread.detachNewThread { [self] in pump(server, client, isRequest: false) }
            }
            close(listener)
        }
    }

    private func pump(_ source: Int32, _ sink: Int32, isRequest: Bool) {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(source, &buffer, buffer.count)
            guard count > 0 else { break }
            if state.withLock({ $0.isSilent }) { continue }
            let cuts = isRequest && state.withLock { $0.cutsOnCommit } && Forwarder.hasCommit(buffer[..<count])
            guard send(sink, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
            if cuts {
                state.withLock { $0.cutsOnCommit = false }
                shutdown(source, Int32(SHUT_RDWR))
                // Half a close only: the server still reads the COMMIT.
                shutdown(sink, Int32(SHUT_WR))
                return
            }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(sink, Int32(SHUT_RDWR))
    }

    private static func hasCommit(_ bytes: ArraySlice<UInt8>) -> Bool {
        String(decoding: bytes, as: UTF8.self).contains("COMMIT\0")
    }

    private static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func withAddress(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = address(port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func listen(on port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard withAddress(port, { bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 64) == 0 else {
            close(descriptor)
            throw Failed()
        }
        return descriptor
    }

    private static func connect(to port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard withAddress(port, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            throw Failed()
        }
        return descriptor
    }

    private static func localPort(of descriptor: Int32) throws -> UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard status == 0 else { throw Failed() }
        return UInt16(bigEndian: address.sin_port)
    }
}

extension TestDatabase {
    /// A relay in front of the test server, and the URL that goes through it.
    static func forwarded() throws -> (Forwarder, url: String) {
        guard var parts = URLComponents(string: try url()) else { throw Missing() }
        let forwarder = try Forwarder(to: UInt16(parts.port ?? 5432))
        parts.host = "127.0.0.1"
        parts.port = Int(forwarder.port)
        return (forwarder, parts.string ?? "")
    }
}
