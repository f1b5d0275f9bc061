import Foundation
package import JobCore

/// The folder in which each process holds an `flock` on a file named after its boot id. The lock ends with the
/// process, however that ends, and by nothing else: a stopped or busy process keeps it.
package struct WorkerLocks: DeathWitness {
    package let directory: String

    package init(directory: String) {
        self.directory = directory
    }

    package init(of database: EmbeddedDatabase) {
        self.init(directory: database.settings.locksDirectory)
    }

    func path(_ bootID: String) -> String { "\(directory)/\(bootID)" }

    /// Boot ids with a file, alive or not.
    package func bootIDs() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { JobID($0) != nil }.sorted()
    }

    /// True while the process holds its lock. A few microseconds; never waits.
    package func isAlive(_ bootID: String) -> Bool {
        let file = open(path(bootID), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        guard flock(file, LOCK_SH | LOCK_NB) == 0 else { return true }
        flock(file, LOCK_UN)
        return false
    }

    /// The operating system's own word: a process that lives holds its lock.
    package func isKnownDead(_ sign: LastSign) -> Bool {
        !sign.saidGoodbye && !isAlive(sign.worker)
    }

    /// Takes the lock of a dead process; nil while it lives, while another peer has it, or when it is gone.
    func seize(_ bootID: String) -> SeizedLock? {
        let file = open(path(bootID), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        var status = stat()
        // Another peer may have removed the file between our open and our lock: then this is a lock on nothing.
        guard flock(file, LOCK_EX | LOCK_NB) == 0, fstat(file, &status) == 0, status.st_nlink > 0 else {
            close(file)
            return nil
        }
        return SeizedLock(path: path(bootID), file: file)
    }
}

/// Keeps other peers away from a dead process's estate. Letting go without `remove()` leaves it to the next probe.
struct SeizedLock: ~Copyable, Sendable {
    private let path: String
    private let file: Int32

    fileprivate init(path: String, file: Int32) {
        self.path = path
        self.file = file
    }

    deinit { close(file) }

    consuming func remove() { unlink(path) }
}
