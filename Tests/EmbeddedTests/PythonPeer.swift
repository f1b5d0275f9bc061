import Foundation
import Testing

/// Another process that speaks SQLite and flock without our code: a real stranger.
final class PythonPeer: Sendable {
    private let process = Process()
    private let input = Pipe()
    private let lines: AsyncStream<String>

    var pid: Int32 { process.processIdentifier }

    init(_ script: String, _ arguments: [String]) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-u", "-c", script] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let handle = output.fileHandleForReading
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        lines = stream
        Thread {
            var rest = Data()
            while case let chunk = handle.availableData, !chunk.isEmpty {
                rest.append(chunk)
                while let end = rest.firstIndex(of: 0x0A) {
                    continuation.yield(String(decoding: rest[..<end], as: UTF8.self))
                    rest.removeSubrange(...end)
                }
            }
            continuation.finish()
        }.start()
    }

    deinit { process.terminate() }

    /// The next line it prints; fails when it ends instead (`apt install python3` if there is none).
    func line() async throws -> String {
        var iterator = lines.makeAsyncIterator()
        return try #require(await iterator.next(), "python3 ended: is it installed (apt install python3)?")
    }

    /// Ends a script that waits for its standard input.
    func say(_ text: String) {
        try? input.fileHandleForWriting.write(contentsOf: Data("\(text)\n".utf8))
    }

    func kill() {
        _ = Foundation.kill(pid, SIGKILL)
        process.waitUntilExit()
    }

    /// Takes the write lock of argument 1, says so, and keeps it until told.
    static let lockHolder = """
        import sqlite3, sys
        c = sqlite3.connect(sys.argv[1], isolation_level=None)
        c.execute("begin immediate"); print("locked"); sys.stdin.readline(); c.execute("rollback"); print("released")
        sys.stdin.readline()
        """

    /// Inserts one row a transaction for argument 2 seconds, without ever resting; prints p50, p95 and the count.
    static let hammer = """
        import sqlite3, sys, time
        c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10); c.execute("pragma synchronous=full")
        print("ready"); sys.stdin.readline(); end = time.monotonic() + float(sys.argv[2]); t = []; n = 10**9
        while time.monotonic() < end:
            a = time.monotonic(); c.execute("begin immediate")
            c.execute("insert into t (n) values (?)", (n,)); c.execute("commit"); n += 1
            t.append(time.monotonic() - a)
        t.sort(); print("%.1f %.1f %d" % (t[len(t)//2]*1e3, t[len(t)*95//100]*1e3, len(t)))
        """
}
