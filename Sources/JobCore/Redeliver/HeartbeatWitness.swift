import Foundation

/// Knows of a death by the process table, on the same host, or by 15 s without a heartbeat.
///
/// A host name that two machines share can make a living process look dead. That costs its jobs a run alone, and
/// charges nobody: only a death there is a charge.
package struct HeartbeatWitness: DeathWitness {
    private let host: String
    private let pid: Int
    private let exists: @Sendable (Int) -> Bool

    package init() {
        self.init(
            host: ProcessInfo.processInfo.hostName,
            pid: Int(ProcessInfo.processInfo.processIdentifier),
            exists: { pid in kill(pid_t(clamping: pid), 0) == 0 || errno != ESRCH }
        )
    }

    init(host: String, pid: Int, exists: @escaping @Sendable (Int) -> Bool) {
        self.host = host
        self.pid = pid
        self.exists = exists
    }

    package func isKnownDead(_ sign: LastSign) -> Bool {
        // Whoever said goodbye has given its jobs back in peace.
        if sign.saidGoodbye { return false }
        if sign.silence > Store.goneAfter { return true }
        guard sign.host == host, let other = sign.pid, other > 0 else { return false }
        // Our own number under another id: a container's first process, started again.
        return other == pid || !exists(other)
    }
}
