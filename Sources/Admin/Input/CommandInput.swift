import Foundation

/// What a verb reads from the operator: typed answers and piped bytes.
package struct CommandInput: Sendable {
    package let isTerminal: Bool
    let descriptor: Int32

    /// - Parameter descriptor: stays open and belongs to the caller.
    package init(descriptor: Int32, isTerminal: Bool) {
        self.descriptor = descriptor
        self.isTerminal = isTerminal
    }

    package static let standard = CommandInput(descriptor: STDIN_FILENO, isTerminal: isatty(STDIN_FILENO) == 1)

    /// One typed line without its end; nil when the input has ended.
    func line() async throws -> String? {
        var lines = self.lines(maximumBytes: 4096)
        guard let line = try await lines.next() else { return nil }
        return String(decoding: line.bytes, as: UTF8.self)
    }

    func lines(maximumBytes: Int) -> LineReader {
        LineReader(descriptor: descriptor, maximumBytes: maximumBytes)
    }
}
