import Foundation
import Synchronization

/// A peer program of the tests: a Python script that prints `PORT n` when it is ready and ends when its standard input
/// closes, so it never outlives the test process.
final class PeerProcess: Sendable {
    struct Unavailable: Error, CustomStringConvertible {
        let description: String
    }

    let port: Int
    private let lines: LineStream
    private let process: Process
    private let input: FileHandle

    /// - Parameters:
    ///   - script: its path.
    ///   - arguments: handed on to the script.
    init(_ script: String, _ arguments: [String] = []) async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let python = environment["JOBS_TEST_PYTHON"] else {
            throw Unavailable(
                description: """
                    JOBS_TEST_PYTHON is not set. Make an interpreter that has the peers of the tests:
                    python3 -m venv .venv && .venv/bin/pip install aiosmtpd && export JOBS_TEST_PYTHON=$PWD/.venv/bin/python
                    """
            )
        }
        let process = Process()
        let toPeer = Pipe()
        let fromPeer = Pipe()
        process.executableURL = URL(filePath: python)
        process.arguments = [script] + arguments
        process.standardInput = toPeer
        process.standardOutput = fromPeer
        try process.run()
        self.process = process
        input = toPeer.fileHandleForWriting
        lines = LineStream(fromPeer.fileHandleForReading)
        guard let first = await lines.next(prefix: "PORT "), let port = Int(first) else {
            throw Unavailable(description: "\(script) did not start; its standard error says why")
        }
        self.port = port
    }

    deinit { try? input.close() }

    /// The rest of the next line that starts so; nil when the peer ended first.
    func next(_ prefix: String) async -> String? { await lines.next(prefix: prefix) }

    func tell(_ line: String) throws { try input.write(contentsOf: Data((line + "\n").utf8)) }

    /// Lines read so far that start so and were not taken by `next`.
    func count(_ prefix: String) -> Int { lines.count(prefix) }

    /// Ends the peer and waits for the end of its output.
    func stop() async {
        try? input.close()
        while await lines.next(prefix: "") != nil {}
    }
}

/// Lines of a pipe, read by a thread of its own.
private final class LineStream: Sendable {
    private struct State {
        var lines: [String] = []
        var hasEnded = false
        var waiter: (prefix: String, continuation: CheckedContinuation<String?, Never>)?
    }

    private let state = Mutex(State())

    init(_ handle: FileHandle) {
        let descriptor = handle.fileDescriptor
        Thread.detachNewThread { [self] in
            var partial: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                guard count > 0 else { break }
                partial.append(contentsOf: buffer[..<count])
                while let end = partial.firstIndex(of: 0x0A) {
                    append(String(decoding: partial[..<end], as: UTF8.self))
                    partial.removeSubrange(...end)
                }
            }
            withExtendedLifetime(handle) {}
            finish()
        }
    }

    func next(prefix: String) async -> String? {
        await withCheckedContinuation { continuation in
            let immediate: String?? = state.withLock { state in
                if let found = Self.take(prefix, &state) { return .some(found) }
                if state.hasEnded { return .some(nil) }
                state.waiter = (prefix, continuation)
                return .none
            }
            if let immediate { continuation.resume(returning: immediate) }
        }
    }

    func count(_ prefix: String) -> Int {
        state.withLock { $0.lines.count { $0.hasPrefix(prefix) } }
    }

    private func append(_ line: String) {
        wake { $0.lines.append(line) }
    }

    private func finish() {
        wake { $0.hasEnded = true }
    }

    private func wake(_ change: (inout State) -> Void) {
        let woken = state.withLock { state -> (CheckedContinuation<String?, Never>, String?)? in
            change(&state)
            guard let waiter = state.waiter else { return nil }
            let found = Self.take(waiter.prefix, &state)
            guard found != nil || state.hasEnded else { return nil }
            state.waiter = nil
            return (waiter.continuation, found)
        }
        if let (continuation, line) = woken { continuation.resume(returning: line) }
    }

    private static func take(_ prefix: String, _ state: inout State) -> String? {
        guard let index = state.lines.firstIndex(where: { $0.hasPrefix(prefix) }) else { return nil }
        return String(state.lines.remove(at: index).dropFirst(prefix.count))
    }
}
