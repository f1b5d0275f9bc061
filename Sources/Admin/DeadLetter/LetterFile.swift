import Foundation
import JobCore

/// A file of letters being written: plain, or through gzip when its name ends so. It is there under its name, and on the disk,
/// only when it is whole.
final class LetterFile {
    private let path: String
    private let draft: String
    private let handle: FileHandle
    private let gzip: Process?

    /// Fails when the file exists: nothing is ever written over.
    init(creating path: String) throws {
        self.path = path
        draft = path + ".part"
        guard !FileManager.default.fileExists(atPath: path) else {
            throw CommandFailure.usage("\(path) exists", remedy: "another name; nothing is written over")
        }
        // Payloads may be personal: for the owner alone.
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(
                .failed,
                "not_written",
                "\(path) cannot be written: \(String(cString: strerror(errno)))"
            )
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        guard path.hasSuffix(".gz") else {
            (handle, gzip) = (file, nil)
            return
        }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", "-c"]
        let pipe = Pipe()
        process.standardInput = pipe
        process.standardOutput = file
        // A gzip that ends for a full disk is told by its status, not by a signal that ends us.
        signal(SIGPIPE, SIG_IGN)
        try process.run()
        (handle, gzip) = (pipe.fileHandleForWriting, process)
    }

    func write(_ data: Data) throws {
        do {
            try handle.write(contentsOf: data)
        } catch {
            throw CommandFailure(
                .failed,
                "not_written",
                "\(path) cannot be written: \(String(cString: strerror(errno)))",
                remedy: "make room, or name a file on another disk; the letters are where they were"
            )
        }
    }

    /// Returns when the whole file, and its name, would survive a loss of power.
    func finish() throws {
        try handle.close()
        if let gzip {
            gzip.waitUntilExit()
            guard gzip.terminationStatus == 0 else {
                throw CommandFailure(
                    .failed,
                    "not_written",
                    "gzip ended with \(gzip.terminationStatus): \(path)",
                    remedy: "make room, or name a file on another disk; the letters are where they were"
                )
            }
        }
        try LetterFile.synchronize(draft)
        guard link(draft, path) == 0 else {
            throw CommandFailure(.failed, "not_written", "\(path): \(String(cString: strerror(errno)))")
        }
        unlink(draft)
        let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        try LetterFile.synchronize(folder)
    }

    /// Leaves nothing behind.
    func discard() {
        try? handle.close()
        gzip?.terminate()
        unlink(draft)
    }

    private static func synchronize(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure(.failed, "not_written", "\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw CommandFailure(.failed, "not_written", "\(path): \(String(cString: strerror(errno)))")
        }
    }
}
