import Foundation

/// A file's bytes in chunks; of one that is compressed, what gzip makes of them.
final class ByteSource {
    private let handle: FileHandle
    private let unzip: Process?
    private let path: String

    init(path: String) throws {
        self.path = path
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw CheckinLoader.Failure(description: "\(path) cannot be read")
        }
        guard path.hasSuffix(".gz") else {
            unzip = nil
            handle = try FileHandle(forReadingFrom: URL(filePath: path))
            return
        }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", "--", path]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        unzip = process
        handle = pipe.fileHandleForReading
    }

    /// Nil at the end.
    func next() throws -> Data? {
        if let chunk = try handle.read(upToCount: 1 << 16), !chunk.isEmpty { return chunk }
        if let unzip {
            unzip.waitUntilExit()
            guard unzip.terminationStatus == 0 else {
                throw CheckinLoader.Failure(
                    description: "\(path) is damaged: gzip ended with \(unzip.terminationStatus)"
                )
            }
        }
        return nil
    }
}
