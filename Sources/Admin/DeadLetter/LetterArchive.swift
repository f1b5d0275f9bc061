import Foundation
import JobCore

/// A file of letters being read, plain or through gzip: what `LetterFile` wrote.
struct LetterArchive {
    /// A body of 1 MiB in base64, and the rest.
    private static let longestLine = 4 << 20

    private let file: String

    init(_ file: String) throws {
        guard FileManager.default.isReadableFile(atPath: file) else {
            throw CommandFailure.usage("\(file) cannot be read")
        }
        self.file = file
    }

    /// One letter after the other. Throws with the line of the first that is none.
    func each(_ use: (ArchivedLetter) async throws -> Void) async throws {
        var unzip: Process?
        let handle: FileHandle
        if file.hasSuffix(".gz") {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["gzip", "-dc", "--", file]
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = FileHandle.nullDevice
            try process.run()
            (unzip, handle) = (process, pipe.fileHandleForReading)
        } else {
            handle = try FileHandle(forReadingFrom: URL(filePath: file))
        }
        defer { try? handle.close() }
        var lines = LineReader(descriptor: handle.fileDescriptor, maximumBytes: LetterArchive.longestLine)
        while let line = try await lines.next() {
            if line.bytes.isEmpty { continue }
            guard !line.isTooLong else { throw bad(line.number, "it is longer than 4 MiB") }
            let letter: ArchivedLetter
            do {
                letter = try ArchivedLetter(line: line.bytes)
            } catch {
                throw bad(line.number, error.reason)
            }
            try await use(letter)
        }
        if let unzip {
            unzip.waitUntilExit()
            guard unzip.terminationStatus == 0 else {
                throw CommandFailure(
                    .failed,
                    "damaged",
                    "\(file) is damaged: gzip ended with \(unzip.terminationStatus)"
                )
            }
        }
    }

    private func bad(_ line: Int, _ reason: String) -> CommandFailure {
        CommandFailure(
            .failed,
            "bad_line",
            "\(file):\(line): \(reason); nothing was imported",
            remedy: "mend or remove the line"
        )
    }
}
