import Foundation

/// Writes lines into a named pipe at a steady rate, as a program that never looks at its consumer would.
struct PacedFeed: Sendable {
    let path: String
    /// Lines a second.
    let rate: Int

    init(path: String, rate: Int) throws {
        self.path = path
        self.rate = rate
        guard mkfifo(path, 0o600) == 0 else { throw StageError("cannot make the pipe \(path)") }
        // A reader that ends early is the test's to notice.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Returns how many lines were taken, after so long.
    func write(for duration: Duration, line: @escaping @Sendable () -> String) async -> Int {
        await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: writeNow(for: duration, line: line)) }
            thread.start()
        }
    }

    private func writeNow(for duration: Duration, line: () -> String) -> Int {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        let start = ContinuousClock.now
        var written = 0
        while ContinuousClock.now - start < duration {
            let due = Int((ContinuousClock.now - start) / .seconds(1) * Double(rate))
            while written < due {
                guard put(Array((line() + "\n").utf8), into: descriptor) else { return written }
                written += 1
            }
            usleep(5_000)
        }
        return written
    }

    private func put(_ bytes: [UInt8], into descriptor: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
