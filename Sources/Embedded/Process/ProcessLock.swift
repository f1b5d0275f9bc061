import Foundation
package import JobCore
import Synchronization

/// This process's proof of life. Held from before its first claim until the process ends.
package final class ProcessLock: Sendable {
    /// A UUID, new in each process. Claims and marks carry it.
    package let bootID: String
    package let locks: WorkerLocks
    private let file: Mutex<Int32>

    /// Errors: `unavailable` when the folder cannot be written.
    package init(_ locks: WorkerLocks, bootID: JobID = JobID()) throws(StoreError) {
        self.bootID = bootID.description
        self.locks = locks
        file = Mutex(try ProcessLock.acquire(locks, bootID.description))
    }

    deinit { release() }

    /// For peers that look for the name before the lock is held, the file appears with the lock on it.
    private static func acquire(_ locks: WorkerLocks, _ bootID: String) throws(StoreError) -> Int32 {
        try? FileManager.default.createDirectory(
            atPath: locks.directory,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let temporary = "\(locks.directory)/.\(bootID)"
        let file = open(temporary, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .unavailable("cannot create \(temporary): \(String(cString: strerror(errno)))") }
        let text = "\(getpid())\n"
        guard flock(file, LOCK_EX | LOCK_NB) == 0,
            write(file, text, text.utf8.count) == text.utf8.count,
            rename(temporary, locks.path(bootID)) == 0
        else {
            let reason = String(cString: strerror(errno))
            close(file)
            unlink(temporary)
            throw .unavailable("cannot lock \(locks.path(bootID)): \(reason)")
        }
        return file
    }

    /// Makes the file again when somebody has removed it: a process without it is taken for dead.
    func renew() throws(StoreError) {
        try file.withLock { (file) throws(StoreError) in
            guard file >= 0, access(locks.path(bootID), F_OK) != 0 else { return }
            let renewed = try ProcessLock.acquire(locks, bootID)
            close(file)
            file = renewed
        }
    }

    /// For an orderly end, after everything claimed has been given back: nobody has to take anything over then. What
    /// is left all the same, a peer finds without the file.
    package func release() {
        file.withLock { file in
            guard file >= 0 else { return }
            unlink(locks.path(bootID))
            close(file)
            file = -1
        }
    }
}
