import Foundation
import JobCore

/// The words after a family verb: places and `--option VALUE`.
struct VerbArguments {
    private(set) var places: [String] = []
    private var options: [String: String] = [:]
    private let usage: String

    /// - Parameter known: options that take a value.
    init(_ context: FamilyVerb.Context, usage: String, places count: Int, options known: [String] = []) throws {
        self.usage = usage
        var rest = context.arguments[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else {
                places.append(word)
                continue
            }
            let name = String(word.dropFirst(2))
            guard known.contains(name), let value = rest.popFirst() else {
                throw mistake(known.contains(name) ? "\(word) wants a value" : "\(word) is no option of this verb")
            }
            options[name] = value
        }
        guard places.count == count else {
            throw mistake(places.count < count ? "something is missing" : "\(places[count]) is too much")
        }
    }

    subscript(option: String) -> String? { options[option] }

    func integer(_ option: String, in range: ClosedRange<Int>, else fallback: Int) throws -> Int {
        guard let text = options[option] else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw mistake("--\(option) is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func mistake(_ message: String) -> FamilyVerb.UsageError {
        FamilyVerb.UsageError(message, remedy: "jobctl \(usage)")
    }
}

/// Answers of the family's verbs.
enum VerbAnswer {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func json(_ value: Any) -> String {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed]
        let data = (try? JSONSerialization.data(withJSONObject: value, options: options)) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }

    static func optional(_ value: String?) -> Any { value ?? NSNull() }

    /// Columns as wide as their widest cell.
    static func table(_ header: [String], _ rows: [[String]]) -> String {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        return ([header] + rows).map { row in
            let cells = row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
            }
            return cells.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
