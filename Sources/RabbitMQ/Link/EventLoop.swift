import CRabbitMQ
import Glibc
import Synchronization

/// Who is turned by an `EventLoop`: the actor whose executor it is.
protocol LoopDriver: AnyObject, Sendable {
    /// Called on the loop's thread after the actor's own jobs, and again when the socket is ready or the time is up.
    /// Answers the milliseconds until the next turn, -1 for none.
    nonisolated func turn(_ readiness: SocketReadiness) -> Int32
}

struct SocketReadiness: Sendable {
    var readable = false
    var writable = false
}

/// A named thread around epoll that is the executor of one actor: its jobs and its socket share the thread, so nothing
/// of a link needs a lock, and the cooperative pool never waits for a socket.
///
/// The thread lives as long as a `Lease` does. `@unchecked Sendable`: what is not behind the mutex is touched by the
/// loop's thread only.
final class EventLoop: SerialExecutor, @unchecked Sendable {
    /// Ends the thread when its owner goes. Separate from the loop, which the thread itself keeps alive.
    final class Lease: Sendable {
        let loop: EventLoop

        init(name: String) {
            loop = EventLoop()
            Thread.start(name: name) { [loop] in loop.run() }
        }

        deinit { loop.exit() }
    }

    private struct Shared {
        var jobs: [UnownedJob] = []
        var signalled = false
        var exiting = false
    }

    private let shared = Mutex(Shared())
    private let poll = crmq_poll_descriptor()
    private let signal = crmq_event_descriptor()
    private let thread = Mutex<pthread_t?>(nil)
    private weak var driver: (any LoopDriver)?
    private var watched: (descriptor: Int32, write: Bool)?

    private init() {}

    deinit {
        close(poll)
        close(signal)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let wake = shared.withLock { shared in
            shared.jobs.append(job)
            return !shared.signalled.exchangeTrue()
        }
        if wake { writeSignal() }
    }

    func checkIsolated() {
        precondition(isOnThread, "called off the thread of its link")
    }

    /// Makes the thread turn its driver once more. Any thread.
    func wake() {
        if shared.withLock({ !$0.signalled.exchangeTrue() }) { writeSignal() }
    }

    private func exit() {
        shared.withLock { $0.exiting = true }
        writeSignal()
    }

    /// From the loop's thread only, as all below.
    func attach(_ driver: any LoopDriver) { self.driver = driver }

    /// One socket is watched at a time; for reading always.
    func watch(_ descriptor: Int32, write: Bool) {
        if let watched, watched.descriptor == descriptor, watched.write == write { return }
        _ = crmq_poll_set(poll, descriptor, watched?.descriptor == descriptor ? 0 : 1, write ? 1 : 0)
        watched = (descriptor, write)
    }

    /// Before the descriptor is closed.
    func unwatch() {
        guard let watched else { return }
        _ = crmq_poll_remove(poll, watched.descriptor)
        self.watched = nil
    }

    private var isOnThread: Bool {
        thread.withLock { thread in thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    private func run() {
        thread.withLock { $0 = pthread_self() }
        _ = crmq_poll_set(poll, signal, 1, 0)
        var readiness = SocketReadiness()
        while true {
            if runJobs() { return }
            let timeout = driver?.turn(readiness) ?? -1
            let ready = crmq_poll_wait(poll, signal, timeout)
            readiness.readable = ready & Int32(CRMQ_READABLE) != 0
            readiness.writable = ready & Int32(CRMQ_WRITABLE) != 0
        }
    }

    /// Runs what was queued when it began; jobs queued meanwhile wake the loop again, so that the socket gets its turn.
    private func runJobs() -> Bool {
        let (jobs, exiting) = shared.withLock { shared in
            let taken = shared.jobs
            shared.jobs.removeAll(keepingCapacity: true)
            shared.signalled = false
            return (taken, shared.exiting)
        }
        for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        return exiting && jobs.isEmpty
    }

    private func writeSignal() {
        var one: UInt64 = 1
        write(signal, &one, 8)
    }
}

extension Bool {
    /// Sets to true and answers what it was.
    fileprivate mutating func exchangeTrue() -> Bool {
        defer { self = true }
        return self
    }
}
