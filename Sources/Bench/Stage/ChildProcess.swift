import Foundation
import Synchronization

/// One process of the bench: this program again, with another verb. It reports once, on standard output.
final class ChildProcess: Sendable {
    private let process: Mutex<Process>
    let pid: pid_t
    private let lines: AsyncStream<Data>
    private let ends: AsyncStream<Int32>
    /// Held open: the child ends when it is closed, also by the end of this process.
    private let lifeline: Pipe

    init(_ arguments: [String], environment: [String: String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        process.environment = environment
        let (output, lifeline) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardInput = lifeline
        self.lifeline = lifeline
        let (ends, ended) = AsyncStream.makeStream(of: Int32.self)
        self.ends = ends
        process.terminationHandler = { process in
            ended.yield(process.terminationStatus)
            ended.finish()
        }
        try process.run()
        pid = process.processIdentifier
        lines = ChildProcess.lines(of: output)
        self.process = Mutex(process)
    }

    private static func lines(of pipe: Pipe) -> AsyncStream<Data> {
        let (lines, sink) = AsyncStream.makeStream(of: Data.self)
        let reader = Thread {
            // `FileHandle` would wait until its buffer is full or the child has ended.
            var rest = Data()
            var some = [UInt8](repeating: 0, count: 4_096)
            while case let count = read(pipe.fileHandleForReading.fileDescriptor, &some, some.count), count > 0 {
                rest += some[..<count]
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    sink.yield(Data(rest[rest.startIndex..<end]))
                    rest = Data(rest[(end + 1)...])
                }
            }
            sink.finish()
        }
        reader.name = "child-output"
        reader.start()
        return lines
    }

    /// Waits for the report. A child that says nothing in time is killed.
    func report<T: Decodable & Sendable>(_ type: T.Type, within limit: Duration = .seconds(180)) async throws -> T {
        let line = try await withThrowingTaskGroup(of: Data?.self) { group in
            group.addTask { [lines] in
                for await line in lines { return line }
                return nil
            }
            group.addTask { [pid] in
                try await Task.sleep(for: limit)
                Foundation.kill(pid, SIGKILL)
                throw BenchFailure("process \(pid) did not report within \(limit)")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let line else { throw BenchFailure("process \(pid) ended without a report") }
        return try JSONDecoder().decode(type, from: line)
    }

    /// Asks it to drain and waits for its end.
    func stop() async {
        process.withLock { $0.terminate() }
        await ended()
    }

    /// As a crash ends it.
    func kill() async {
        Foundation.kill(pid, SIGKILL)
        await ended()
    }

    func ended() async {
        for await _ in ends { return }
    }
}
