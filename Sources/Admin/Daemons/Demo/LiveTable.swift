import JobCore

/// The demo's table, drawn over itself on a terminal; elsewhere one line a change.
struct LiveTable {
    private let isTerminal: Bool
    private let show: @Sendable (String) -> Void
    private var drawnLines = 0
    private var last: [[String]] = []

    init(isTerminal: Bool, show: @escaping @Sendable (String) -> Void) {
        self.isTerminal = isTerminal
        self.show = show
    }

    mutating func update(_ reports: [LaneReport]) {
        let busy = reports.filter { $0.flow != FlowCounts() || ($0.ready ?? 0) > 0 || $0.waiting > 0 || $0.dead > 0 }
        let rows = busy.map { report in
            [
                report.address.name, report.ready.map(String.init) ?? "?", "\(report.running)",
                "\(report.waiting + report.overdue)", "\(report.flow.done)", "\(report.flow.retried)", "\(report.dead)",
            ]
        }
        guard rows != last, !rows.isEmpty else { return }
        defer { last = rows }
        if isTerminal {
            let lines = LiveTable.aligned([["queue", "ready", "running", "waiting", "done", "retried", "dead"]] + rows)
            show((drawnLines > 0 ? "\u{1B}[\(drawnLines)A\u{1B}[J" : "") + lines.joined(separator: "\n"))
            drawnLines = lines.count
        } else {
            let changed = rows.filter { !last.contains($0) }
            show(changed.map { "\($0[0]): waiting \($0[3]) done \($0[4]) dead \($0[6])" }.joined(separator: " | "))
        }
    }

    /// The first column to the left, figures to the right.
    static func aligned(_ rows: [[String]]) -> [String] {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + padding : padding + cell
            }.joined(separator: "  ")
        }
    }
}
