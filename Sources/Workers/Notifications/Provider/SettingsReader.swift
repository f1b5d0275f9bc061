import Curl
import Foundation

/// Reads a family's settings from the environment; an empty value counts as none. Mistakes name the variable, never its
/// value.
struct SettingsReader {
    typealias Mistake = SMTPConfiguration.Mistake

    let environment: [String: String]

    init(_ environment: [String: String]) { self.environment = environment }

    func text(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    func needed(_ name: String, with other: String) throws(Mistake) -> String {
        guard let text = text(name) else { throw Mistake(variable: name, reason: "is needed with \(other)") }
        return text
    }

    func integer(_ name: String, in range: ClosedRange<Int>, else fallback: Int) throws(Mistake) -> Int {
        guard let text = text(name) else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw Mistake(variable: name, reason: "is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A secret itself, or a file that holds it under `NAME_FILE`; the file wins.
    func secret(_ name: String) throws(Mistake) -> String? {
        guard let path = text("\(name)_FILE") else { return text(name) }
        return try file("\(name)_FILE", at: path)
    }

    /// The text of the file that a variable names, without line ends at its end.
    func file(_ name: String, at path: String) throws(Mistake) -> String {
        guard let data = FileManager.default.contents(atPath: path), data.count <= 65_536,
            let text = String(data: data, encoding: .utf8)
        else { throw Mistake(variable: name, reason: "names a file that cannot be read") }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// An address of a provider. Plain http is for this machine's own test peers.
    func address(_ name: String, else fallback: String) throws(Mistake) -> String {
        guard let text = text(name) else { return fallback }
        let isLocal = ["http://127.0.0.1", "http://localhost", "http://[::1]"].contains { text.hasPrefix($0) }
        guard text.hasPrefix("https://") || isLocal, !text.contains("@") else {
            throw Mistake(variable: name, reason: "is an https address without login")
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}
