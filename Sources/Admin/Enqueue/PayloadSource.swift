import Foundation
import JobCore

/// A payload as it is given on the command line: JSON itself, `@FILE`, or `-` for stdin.
enum PayloadSource {
    static func read(_ argument: String, _ input: CommandInput) async throws -> [UInt8] {
        guard argument == "-" || argument.hasPrefix("@") else { return Array(argument.utf8) }
        let file = try InputFile(argument == "-" ? "-" : String(argument.dropFirst()), input)
        guard let bytes = try await file.all(limit: PayloadLimits.maximumBytes) else {
            throw CommandFailure(.failed, "invalid", "the payload has more than \(PayloadLimits.maximumBytes) bytes")
        }
        return bytes
    }

    /// Outline first (size, depth, keys), grammar after it: a parser never sees what could hurt it.
    static func check(_ payload: [UInt8]) throws(CommandFailure) {
        do throws(Malformed) {
            try PayloadLimits.check(payload)
        } catch {
            throw CommandFailure(.failed, error.label, error.message, remedy: "mend the payload")
        }
        guard JSONGrammar.accepts(payload) else {
            throw CommandFailure(.failed, "malformed_json", "the payload is not JSON", remedy: "mend the payload")
        }
    }
}

/// A file named on the command line, `-` for stdin; closed with its last reference.
final class InputFile: Sendable {
    private let descriptor: Int32
    private let isOwned: Bool

    init(_ path: String, _ input: CommandInput) throws {
        if path == "-" {
            (descriptor, isOwned) = (input.descriptor, false)
            return
        }
        (descriptor, isOwned) = (open(path, O_RDONLY | O_CLOEXEC), true)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw CommandFailure(
                .failed,
                "input",
                "\(path) cannot be read: \(reason)",
                remedy: "check its name and mode"
            )
        }
    }

    deinit {
        if isOwned, descriptor >= 0 { close(descriptor) }
    }

    func lines(maximumBytes: Int) -> LineReader {
        LineReader(descriptor: descriptor, maximumBytes: maximumBytes)
    }

    func all(limit: Int) async throws -> [UInt8]? {
        try await LineReader.all(of: descriptor, limit: limit)
    }
}
