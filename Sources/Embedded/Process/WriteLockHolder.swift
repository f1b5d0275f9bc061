import Foundation

/// Who holds the write lock of a store's log: the kernel knows, and asking it touches no lock of ours. (Opening the file
/// to ask by `fcntl` would: closing it again drops every lock this process has on it.)
struct WriteLockHolder {
    /// `WALINDEX_LOCK_OFFSET` and the slot of the writer in it (SQLite, wal.c and os_unix.c).
    private static let writeLockByte: UInt64 = 120

    let indexPath: String
    let locksTable: String

    init(databasePath: String, locksTable: String = "/proc/locks") {
        indexPath = databasePath + "-shm"
        self.locksTable = locksTable
    }

    /// Nil when nobody writes, and where there is no such table.
    func pid() -> pid_t? {
        var status = stat()
        guard stat(indexPath, &status) == 0,
            let table = try? String(contentsOfFile: locksTable, encoding: .utf8)
        else { return nil }
        return table.split(separator: "\n").lazy.compactMap { self.pid(in: $0, inode: UInt64(status.st_ino)) }.first
    }

    /// `7: POSIX  ADVISORY  WRITE 4711 fe:00:16220320 120 120`. The device is not compared: file systems in layers show
    /// another one here. A wrong process with the same inode number would have to be stopped as well.
    private func pid(in line: Substring, inode: UInt64) -> pid_t? {
        let fields = line.split(separator: " ")
        guard fields.count >= 8, fields[1] == "POSIX", fields[3] == "WRITE",
            fields[5].split(separator: ":").last.flatMap({ UInt64($0) }) == inode,
            let first = UInt64(fields[6]), first <= WriteLockHolder.writeLockByte,
            fields[7] == "EOF" || UInt64(fields[7]).map({ $0 >= WriteLockHolder.writeLockByte }) == true
        else { return nil }
        return pid_t(fields[4]).flatMap { $0 > 0 ? $0 : nil }
    }
}
