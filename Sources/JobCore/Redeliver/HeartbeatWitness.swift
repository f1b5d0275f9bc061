import Foundation

/// Knows of a death by the process table, on the same host, or by 15 s without a heartbeat.
///
/// A host name that two machines share can make a living process look dead. That costs its jobs a run alone, and
/// charges nobody: only a death there is a charge.
package struct HeartbeatWitness: DeathWitness {
    /// Whoever asks lives, under whatever number.
    private let worker: String
    private let host: String
    private let pid: Int
    private let exists: @Sendable (Int) -> Bool

    /// - Parameter worker: this process in marks and in the table `workers`.
    package init(worker: String) {
        self.init(
            worker: worker,
            host: ProcessInfo.processInfo.hostName,
            pid: Int(ProcessInfo.processInfo.processIdentifier),
            exists: ProcessTable.hasLiving
        )
    }

    init(worker: String, host: String, pid: Int, exists: @escaping @Sendable (Int) -> Bool) {
        self.worker = worker
        self.host = host
        self.pid = pid
        self.exists = exists
    }

    package func isKnownDead(_ sign: LastSign) -> Bool {
        // Whoever said goodbye has given its jobs back in peace.
        if sign.saidGoodbye || sign.worker == worker { return false }
        if sign.silence > Store.goneAfter { return true }
        guard sign.host == host, let other = sign.pid, other > 0 else { return false }
        // Our own number under another id: a container's first process, started again.
        return other == pid || !exists(other)
    }
}

enum ProcessTable {
    /// False as well for a process that is ending, or that has ended and only waits for its parent to notice: its sockets
    /// are closed by then, and the broker may be faster than the parent.
    static func hasLiving(_ pid: Int) -> Bool {
        guard kill(pid_t(clamping: pid), 0) == 0 || errno != ESRCH else { return false }
        // After the name, which is in brackets and may hold anything: state, six numbers, flags.
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return true }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 6, let flags = UInt64(fields[6]) else { return true }
        let isExiting = flags & 0x4 != 0
        return !isExiting && fields[0] != "Z" && fields[0] != "X"
    }
}
