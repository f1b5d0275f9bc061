import JobCore

/// Rows under aligned headings, the platform's name above them. Control characters of what comes from payloads or
/// peers never reach the terminal.
struct Table {
    enum Side { case left, right }

    private let title: String
    private let columns: [(heading: String, side: Side)]
    private var rows: [[String]] = []
    /// Of the columns, once the headings are out.
    private var widths: [Int] = []

    init(_ title: String, _ columns: [(heading: String, side: Side)]) {
        self.title = title
        self.columns = columns
    }

    mutating func append(_ cells: [String]) {
        rows.append(cells.map(Table.clean))
    }

    /// Prints what there is and forgets it: a long list goes out page by page, aligned as its first page is.
    mutating func flush(to output: CommandOutput) {
        guard !rows.isEmpty else { return }
        if widths.isEmpty {
            widths = columns.indices.map { index in
                max(columns[index].heading.count, rows.map { $0[index].count }.max() ?? 0)
            }
            output.print(title)
            let headings = line(columns.map(\.heading))
            output.print(output.isStyled ? "\u{1B}[1m\(headings)\u{1B}[0m" : headings)
        }
        for row in rows { output.print(line(row)) }
        rows = []
    }

    /// - Parameter emptyText: what stands there instead of rows when there were none.
    mutating func end(to output: CommandOutput, empty emptyText: String) {
        flush(to: output)
        guard widths.isEmpty else { return }
        output.print(title)
        output.print(emptyText)
    }

    private func line(_ cells: [String]) -> String {
        var text = ""
        for (index, cell) in cells.enumerated() {
            let padding = String(repeating: " ", count: max(0, widths[index] - cell.count))
            if index > 0 { text += "  " }
            text += columns[index].side == .right ? padding + cell : cell + padding
        }
        while text.last == " " { text.removeLast() }
        return text
    }

    static func clean(_ cell: String) -> String {
        let scalars = cell.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : $0 }
        return String(String.UnicodeScalarView(scalars))
    }
}

/// Figures as a person reads them in a table.
enum Spoken {
    static let unknown = "?"

    static func count(_ value: Int?) -> String { value.map(String.init) ?? unknown }
    static func count(_ value: Int64) -> String { String(value) }

    static func rate(_ value: Double?) -> String {
        guard let value else { return unknown }
        return value < 10 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
    }

    /// `0.4 s`, `12 s`, `4 m 10 s`, `3 h 5 m`, `2 d 4 h`; a negative one is `-12 s`.
    static func duration(_ value: Duration?) -> String {
        guard let value else { return unknown }
        if value < .zero { return "-" + duration(.zero - value) }
        let milliseconds = value.milliseconds
        if milliseconds == 0 { return "0 s" }
        if milliseconds < 10_000 { return "\(Double(milliseconds / 100) / 10) s" }
        let seconds = milliseconds / 1000
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60) m \(seconds % 60) s"
        case ..<86_400: return "\(seconds / 3600) h \(seconds % 3600 / 60) m"
        default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }

    /// The first line, at most so many characters.
    static func excerpt(_ text: String, _ limit: Int = 80) -> String {
        let line = text.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? ""
        return line.count > limit ? line.prefix(limit - 1) + "…" : line
    }
}
