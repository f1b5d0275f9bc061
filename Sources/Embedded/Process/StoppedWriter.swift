import Foundation

/// Notices a process that was stopped (SIGSTOP, Ctrl-Z) in the middle of a transaction. It holds the whole file: nobody
/// can write, no message can be taken over from it, until it goes on or dies.
///
/// A value: looks are events, `look` says whom to continue.
struct StoppedWriter {
    /// Shorter than a writer waits before it fails with `busy`, so that nobody does.
    private let limit: Duration
    private var suspect: (pid: pid_t, since: ContinuousClock.Instant)?

    init(limit: Duration = .seconds(3)) {
        self.limit = limit
    }

    /// - Parameter holder: who holds the write lock and is stopped just now.
    /// - Returns: the process to continue, once in each limit.
    mutating func look(holder: pid_t?, at now: ContinuousClock.Instant) -> pid_t? {
        guard let holder else {
            suspect = nil
            return nil
        }
        guard let suspect, suspect.pid == holder else {
            suspect = (holder, now)
            return nil
        }
        guard now - suspect.since >= limit else { return nil }
        self.suspect = (holder, now)
        return holder
    }

    /// True for a process that a signal or its terminal has stopped; not for one that a debugger holds.
    static func isStopped(_ pid: pid_t) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return false }
        return text[text.index(after: end)...].split(separator: " ").first == "T"
    }
}
