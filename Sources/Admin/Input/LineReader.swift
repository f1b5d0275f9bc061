import Foundation

/// Reads lines from a file descriptor in bounded memory. Reads block, so they run on a thread of their own queue.
struct LineReader {
    struct Line: Sendable {
        /// Counts from 1.
        let number: Int
        /// Without the end of line; the first bytes only if the line is too long.
        let bytes: [UInt8]
        let isTooLong: Bool
    }

    private static let chunkBytes = 256 << 10
    private let descriptor: Int32
    private let maximumBytes: Int
    private let queue = DispatchQueue(label: "jobctl.input")
    private var buffer: ArraySlice<UInt8> = []
    private var number = 0
    private var hasEnded = false

    /// - Parameter maximumBytes: of one line; the rest of a longer one is passed over.
    init(descriptor: Int32, maximumBytes: Int) {
        self.descriptor = descriptor
        self.maximumBytes = maximumBytes
    }

    /// Nil at the end of the input. A last line without end counts.
    mutating func next() async throws -> Line? {
        var line: [UInt8] = []
        var isTooLong = false
        while true {
            let end = buffer.firstIndex(of: UInt8(ascii: "\n"))
            let part = buffer[buffer.startIndex..<(end ?? buffer.endIndex)]
            let room = maximumBytes - line.count
            isTooLong = isTooLong || part.count > room
            line.append(contentsOf: part.prefix(room))
            if let end {
                buffer = buffer[(end + 1)...]
                return finish(line, isTooLong)
            }
            buffer = []
            guard !hasEnded else { return nil }
            let chunk = try await read()
            if chunk.isEmpty {
                hasEnded = true
                return line.isEmpty && !isTooLong ? nil : finish(line, isTooLong)
            }
            buffer = chunk[...]
        }
    }

    private mutating func finish(_ line: [UInt8], _ isTooLong: Bool) -> Line {
        number += 1
        let bytes = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        return Line(number: number, bytes: Array(bytes), isTooLong: isTooLong)
    }

    private func read() async throws -> [UInt8] {
        let descriptor = descriptor
        return try await withCheckedThrowingContinuation { continuation in
            queue.async {
                var chunk = [UInt8](repeating: 0, count: LineReader.chunkBytes)
                var count = Foundation.read(descriptor, &chunk, chunk.count)
                while count < 0, errno == EINTR { count = Foundation.read(descriptor, &chunk, chunk.count) }
                if count < 0 {
                    let reason = String(cString: strerror(errno))
                    continuation.resume(
                        throwing: CommandFailure(.failed, "input", "the input cannot be read: \(reason)")
                    )
                } else {
                    continuation.resume(returning: Array(chunk.prefix(count)))
                }
            }
        }
    }

    /// All of it, at most `limit` bytes; nil when there is more.
    static func all(of descriptor: Int32, limit: Int) async throws -> [UInt8]? {
        let reader = LineReader(descriptor: descriptor, maximumBytes: limit)
        var bytes: [UInt8] = []
        while true {
            let chunk = try await reader.read()
            if chunk.isEmpty { return bytes }
            bytes += chunk
            if bytes.count > limit { return nil }
        }
    }
}
