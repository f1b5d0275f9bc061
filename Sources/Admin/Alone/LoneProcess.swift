import Foundation
package import JobCore
package import Logging
import Synchronization

/// Makes lone processes of the program that runs now: the same file, though a deploy has put another in its place.
package struct LoneProcess: LoneRunner {
    package static let verb = "_attempt"
    /// Where the lone process finds its end of the socket.
    static let descriptor: Int32 = 3
    /// The lone process could not begin: not the job's doing.
    static let couldNotBegin: Int32 = 75

    private let environment: [String: String]
    private let logger: Logger

    package init(environment: [String: String], logger: Logger) {
        self.environment = environment
        self.logger = logger
    }

    package func run(_ task: LoneTask) async -> LoneEnding {
        let watch = LoneWatch()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let thread = Thread { continuation.resume(returning: live(task, watch)) }
                thread.name = "jobs-alone"
                thread.start()
            }
        } onCancel: {
            watch.stop()
        }
    }

    /// From birth to death, on a thread of its own.
    private func live(_ task: LoneTask, _ watch: LoneWatch) -> LoneEnding {
        guard let request = try? task.encoded(), let (ours, theirs) = LoneSocket.pair() else {
            return .killed("no socket for a process of its own")
        }
        defer { ours.close() }
        let killsBefore = OutOfMemory.kills
        let pid = spawn(theirs)
        theirs.close()
        guard let pid else { return .killed("no process of its own: \(String(cString: strerror(errno)))") }
        _ = ours.send(request)
        let answer = watch.await(ours, pid)
        // It knows by this that it has been heard, and that it has two seconds to go.
        ours.finishSending()
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let death = LoneDeath(
            answer: answer,
            status: status,
            wasStopped: watch.isStopped,
            wasOutOfMemory: OutOfMemory.kills > killsBefore
        )
        return death.ending
    }

    private func spawn(_ theirs: LoneSocket) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        // Standard output belongs to the program; what a worker prints goes where its log goes.
        posix_spawn_file_actions_adddup2(&actions, 2, 1)
        posix_spawn_file_actions_adddup2(&actions, theirs.descriptor, LoneProcess.descriptor)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A terminal's Ctrl-C is for the parent, which decides what becomes of this one.
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        // What this process handles otherwise, the other one does not.
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("jobctl"), strdup(LoneProcess.verb), nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, &arguments, &variables)
        guard code == 0 else {
            errno = code
            return nil
        }
        return pid
    }
}

/// Lets a cancelled task stop the process that another thread waits for.
private final class LoneWatch: Sendable {
    private static let patience: Duration = .seconds(2)
    private let stoppedAt = Mutex<ContinuousClock.Instant?>(nil)

    var isStopped: Bool { stoppedAt.withLock { $0 != nil } }

    func stop() {
        stoppedAt.withLock { $0 = $0 ?? .now }
    }

    /// The answer; nil when the process ends without one.
    func await(_ socket: LoneSocket, _ pid: pid_t) -> Data? {
        var hasAsked = false
        while !socket.waits(milliseconds: 50) {
            guard let since = stoppedAt.withLock({ $0 }) else { continue }
            if !hasAsked { socket.finishSending() }
            hasAsked = true
            if since.duration(to: .now) > LoneWatch.patience { kill(pid, SIGKILL) }
        }
        return socket.receive()
    }
}
