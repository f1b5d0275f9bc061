import Foundation

/// Where a verb prints. Lines go out at once and in order; a closed pipe ends the process, as for any Unix tool.
package struct CommandOutput: Sendable {
    private let write: @Sendable (_ text: String, _ toError: Bool) -> Void
    /// Colours and redrawing: a terminal that wants them (`NO_COLOR` unset).
    package let isStyled: Bool

    package init(isStyled: Bool, write: @escaping @Sendable (_ text: String, _ toError: Bool) -> Void) {
        self.isStyled = isStyled
        self.write = write
    }

    package static func standard(_ environment: [String: String]) -> CommandOutput {
        let wantsColour = environment["NO_COLOR"].map(\.isEmpty) ?? true
        return CommandOutput(isStyled: isatty(STDOUT_FILENO) == 1 && wantsColour) { text, toError in
            let handle = toError ? FileHandle.standardError : FileHandle.standardOutput
            try? handle.write(contentsOf: Data((text + "\n").utf8))
        }
    }

    package func print(_ line: String) { write(line, false) }
    package func error(_ line: String) { write(line, true) }
    package func warn(_ line: String) { write("jobctl: \(line)", true) }
    package func print(_ json: JSONValue) { write(json.text, false) }

    func report(_ failure: CommandFailure, asJSON: Bool) {
        if asJSON { return error(failure.json.text) }
        error("jobctl: \(failure.message)")
        if let remedy = failure.remedy { error("  do: \(remedy)") }
    }

    /// A list whose elements come one by one: a JSON array with one element a line.
    func list() -> JSONList { JSONList(output: self) }
}

/// A JSON array printed while it grows, an element behind: only the last one has no comma.
struct JSONList {
    private let output: CommandOutput
    private var held: JSONValue?

    init(output: CommandOutput) {
        self.output = output
    }

    mutating func append(_ element: JSONValue) {
        output.print(held.map { $0.text + "," } ?? "[")
        held = element
    }

    func end() {
        guard let held else { return output.print("[]") }
        output.print(held.text)
        output.print("]")
    }
}
