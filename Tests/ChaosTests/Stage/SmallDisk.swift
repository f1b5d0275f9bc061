import Foundation

/// A file system of a few megabytes at a folder, which can be filled to the last byte. Needs the right to mount.
final class SmallDisk: Sendable {
    /// Looked at once; without it the tests of full disks are left out, and say so.
    static let isAvailable: Bool = {
        let folder = NSTemporaryDirectory() + "jobs-mount-\(getpid())"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { rmdir(folder) }
        guard mount("tmpfs", folder, "tmpfs", 0, "size=1m") == 0 else { return false }
        umount(folder)
        return true
    }()

    let folder: String
    private var ballast: String { folder + "/ballast" }

    init(_ folder: String, megabytes: Int) throws {
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        guard mount("tmpfs", folder, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            throw StageError("cannot mount a small disk: \(String(cString: strerror(errno)))")
        }
    }

    deinit { umount2(folder, Int32(MNT_DETACH)) }

    /// Writes until nothing more fits.
    func fill() throws {
        let file = open(ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw StageError("cannot write \(ballast)") }
        defer { close(file) }
        for size in [65_536, 4_096, 1] {
            let bytes = [UInt8](repeating: 0, count: size)
            while write(file, bytes, size) == size {}
        }
        guard errno == ENOSPC else { throw StageError("the disk is not full: \(String(cString: strerror(errno)))") }
    }

    func makeRoom() {
        unlink(ballast)
    }
}
