import Admin
import Foundation

/// What a run of the bench found, as its JSON says it.
struct BenchReport: Codable, Sendable {
    struct Row: Codable, Sendable {
        let profile: String
        let figure: Figure
        let label: String
        let unit: String
        /// The median of `values`.
        let value: Double
        /// One a round, in their order.
        let values: [Double]
        let target: String?
        let met: Bool?
    }

    let date: String
    let conditions: [String]
    let scale: Scale
    var rows: [Row] = []

    mutating func add(_ rounds: [[Figure: Double]], of profile: Profile) {
        for figure in Figure.allCases {
            let values = rounds.compactMap { $0[figure] }
            guard !values.isEmpty else { continue }
            let value = values.sorted()[values.count / 2]
            let target = figure.target(on: profile)
            rows.append(
                Row(
                    profile: profile.rawValue,
                    figure: figure,
                    label: figure.label,
                    unit: figure.unit,
                    value: value,
                    values: values,
                    target: target.map(FigureText.target),
                    met: target?.isMet(by: value)
                )
            )
        }
    }

    var text: String {
        var lines = ["date        \(date)"] + conditions
        for profile in [Profile.embedded, .cluster] {
            let rows = rows.filter { $0.profile == profile.rawValue }
            guard !rows.isEmpty else { continue }
            lines += ["", FigureText.line(profile.rawValue, "value", "unit", "target", "")]
            for row in rows {
                let verdict = row.met.map { $0 ? "met" : "MISSED" } ?? ""
                lines.append(
                    FigureText.line(row.label, FigureText.number(row.value), row.unit, row.target ?? "", verdict)
                )
            }
        }
        return lines.joined(separator: "\n")
    }

    func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }
}

/// Figures and lines as a person reads them.
enum FigureText {
    static func number(_ value: Double) -> String {
        if value >= 1_000 { return "\(Int(value.rounded()))" }
        let text = "\((value * 100).rounded() / 100)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    static func target(_ target: Target) -> String {
        switch target {
        case .atLeast(let least): "≥ \(number(least))"
        case .atMost(let most): "≤ \(number(most))"
        }
    }

    static func line(_ label: String, _ value: String, _ unit: String, _ target: String, _ verdict: String) -> String {
        var line = padded(label, 46) + leading(value, 9) + " " + padded(unit, 8) + padded(target, 10) + verdict
        while line.last == " " { line.removeLast() }
        return line
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func leading(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
