import Foundation

/// One end of the pair of sockets between a process and the lone one it made. A frame is its length in four bytes,
/// then that many. The end of what comes in means that the other side has ended, or wants this one to.
struct LoneSocket: Sendable {
    /// More than a job of 1 MiB in base64.
    private static let maximumFrame = 4 << 20

    let descriptor: Int32

    /// Both ends are closed by `exec`; nil when the process has no descriptors left.
    static func pair() -> (LoneSocket, LoneSocket)? {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { return nil }
        return (LoneSocket(descriptor: ends[0]), LoneSocket(descriptor: ends[1]))
    }

    /// False when the other side has gone.
    func send(_ frame: Data) -> Bool {
        var length = UInt32(clamping: frame.count).bigEndian
        return sendAll(Data(bytes: &length, count: 4)) && sendAll(frame)
    }

    private func sendAll(_ data: Data) -> Bool {
        var rest = data[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { bytes in
                Foundation.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Nil at the end, or for a frame that no side of ours sends.
    func receive() -> Data? {
        guard let head = receive(exactly: 4) else { return nil }
        let length = head.reduce(0) { $0 << 8 | Int($1) }
        guard length <= LoneSocket.maximumFrame else { return nil }
        return receive(exactly: length)
    }

    private func receive(exactly count: Int) -> Data? {
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 65536)
        while data.count < count {
            let got = read(descriptor, &buffer, min(buffer.count, count - data.count))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return nil }
            data.append(contentsOf: buffer[..<got])
        }
        return data
    }

    /// Waits for something to receive, or for the end. False after the time.
    func waits(milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }

    /// The other side is closed, and does not merely say that it sends no more.
    var isAbandoned: Bool {
        var entry = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&entry, 1, 0) > 0 && entry.revents & Int16(POLLHUP) != 0
    }

    /// The other side sees the end; what it still says arrives.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    func close() { Foundation.close(descriptor) }
}
