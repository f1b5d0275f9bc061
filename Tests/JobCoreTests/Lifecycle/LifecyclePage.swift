import Foundation
import Testing

/// The tables and the picture of docs/job-lifecycle.md.
struct LifecyclePage {
    /// The checkout's folder, also when the tests are built through a symbolic link.
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private let lines: [String]

    init() throws {
        let text = try String(contentsOf: Self.root.appendingPathComponent("docs/job-lifecycle.md"), encoding: .utf8)
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The rows below `<!-- table: NAME -->`, without the two lines of the head.
    func table(_ name: String) throws -> [[String]] {
        let mark = try #require(lines.firstIndex(of: "<!-- table: \(name) -->"), "no table \(name)")
        let rows = lines[(mark + 1)...].prefix { $0.hasPrefix("|") }
        try #require(rows.count > 2, "the table \(name) has no rows")
        return rows.dropFirst(2).map { row in
            row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }

    /// The first column of a table, without its backticks.
    func names(_ table: String) throws -> [String] {
        try self.table(table).map { try #require(Self.code($0[0]).first) }
    }

    /// The lines `from --> to: arrow` of the picture.
    var picture: [Arrow] {
        lines.compactMap { line in
            let parts = line.trimmingCharacters(in: .whitespaces).components(separatedBy: " --> ")
            guard parts.count == 2 else { return nil }
            let end = parts[1].components(separatedBy: ": ")
            guard end.count == 2 else { return nil }
            return Arrow(from: parts[0], name: end[1], to: end[0])
        }
    }

    /// What stands between backticks.
    static func code(_ cell: String) -> [String] {
        cell.components(separatedBy: "`").enumerated().filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
    }

    struct Arrow: Hashable {
        let from: String
        let name: String
        let to: String

        init(from: String, name: String, to: String) {
            (self.from, self.name, self.to) = (from, name, to)
        }

        /// The first three columns of a table of arrows.
        init(row: [String]) {
            let cells = row.prefix(3).map { LifecyclePage.code($0).first ?? "" }
            self.init(from: cells[0], name: cells[1], to: cells[2])
        }
    }
}

/// `FILE TEXT`, as the page names code: the file under Sources/ and a text in it.
struct CodePlace {
    let file: String
    let text: String

    init?(_ cell: String) {
        let code = LifecyclePage.code(cell)
        guard code.count >= 2, code[0].hasSuffix(".swift") else { return nil }
        (file, text) = (code[0], code[1])
    }

    var exists: Bool {
        let url = LifecyclePage.root.appendingPathComponent("Sources/\(file)")
        return (try? String(contentsOf: url, encoding: .utf8))?.contains(text) ?? false
    }
}
