import Foundation
import JobCore
import Synchronization

/// Lets a writer know that another process waits for the database: who waits holds a shared `flock`, who has just
/// committed tries for the exclusive one. A process that dies withdraws by dying.
final class TurnAnnouncement: Sendable {
    private let waiting: Int32
    private let asking: Int32
    private let announced = Mutex(false)

    init(path: String) throws(StoreError) {
        waiting = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        asking = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard waiting >= 0, asking >= 0 else { throw .unavailable("cannot open \(path): errno \(errno)") }
    }

    deinit {
        if waiting >= 0 { close(waiting) }
        if asking >= 0 { close(asking) }
    }

    /// Fails for an instant while a writer asks; the next round of the wait repeats it.
    func announce() {
        announced.withLock { announced in
            if !announced { announced = flock(waiting, LOCK_SH | LOCK_NB) == 0 }
        }
    }

    func withdraw() {
        announced.withLock { announced in
            if announced { flock(waiting, LOCK_UN) }
            announced = false
        }
    }

    /// Asked by a writer that does not wait itself.
    func someoneWaits() -> Bool {
        guard flock(asking, LOCK_EX | LOCK_NB) == 0 else { return true }
        flock(asking, LOCK_UN)
        return false
    }
}
