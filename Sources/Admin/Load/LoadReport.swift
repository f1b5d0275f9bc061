import Foundation
import JobCore

/// A page that needs nothing beside itself: the verdict, and what happened over time.
struct LoadReport {
    let plan: LoadPlan
    let result: LoadResult
    let verdict: LoadVerdict
    let display: String

    var html: String {
        let rows = verdict.checks.map { check in
            "<tr class=\"\(check.holds ? "ok" : "bad")\"><td>\(check.holds ? "ok" : "bad")</td><td>\(Self.escaped(check.name))</td>"
                + "<td>\(Self.escaped(check.words))</td></tr>"
        }
        let mix = LoadPlan.mix.map { "\($0.percent) % \($0.name) (\($0.workMs) ms, lane \($0.lane.rawValue))" }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>jobctl load \(plan.kind.rawValue)</title>
            <style>
            body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; color: #1c2330; padding: 0 1rem }
            h1 { font-size: 1.4rem } h2 { font-size: 1rem; margin: 1.5rem 0 .3rem }
            table { border-collapse: collapse } td { padding: .15rem .8rem .15rem 0 }
            tr.ok td:first-child { color: #187a3c } tr.bad td:first-child { color: #b3261e; font-weight: 700 }
            svg { width: 100%; height: auto } .axis { stroke: #c6ccd6 } text { fill: #5a6474; font-size: 11px }
            </style></head><body>
            <h1>\(plan.kind.rawValue): \(verdict.isGood ? "good" : "not good")</h1>
            <p>\(Self.escaped(display)), \(Timestamp.now().description). \(Int(plan.height.rounded())) jobs a second at the height
            (\(Self.number(plan.peak)) requests × \(Self.number(plan.kind.factor)) × \(plan.jobsPerRequest) jobs) for
            \(Spoken.duration(plan.length)), a \(plan.compress)th of \(Spoken.duration(plan.kind.length)).
            \(Self.escaped(mix.joined(separator: ", "))).</p>
            <table>\(rows.joined())</table>
            \(plot("Jobs a second", [("wanted", "#9aa4b2", wantedRates), ("enqueued", "#2463eb", rates(\.enqueuedCount)), ("done", "#187a3c", rates(\.doneCount))], unit: "/s"))
            \(plot("Ready in the broker", [("ready", "#b45309", series { Double($0.ready) })], unit: ""))
            \(plot("Lag of the latest lane", [("lag", "#b3261e", series { $0.lag?.seconds ?? 0 })], unit: " s"))
            \(plot("Memory of the workers", [("resident", "#6d28d9", series { Double($0.memory) / 1_048_576 })], unit: " MB"))
            </body></html>
            """
    }

    private typealias Points = [(x: Double, y: Double)]

    private func series(_ value: (LoadSample) -> Double) -> Points {
        result.samples.map { ($0.at.seconds, value($0)) }
    }

    private var wantedRates: Points { series(\.wanted) }

    /// Over three looks: workers count once a second, and a look may fall before or behind it.
    private func rates(_ count: KeyPath<LoadSample, Double>) -> Points {
        zip(result.samples, result.samples.dropFirst(3)).map { before, after in
            let seconds = max(0.001, (after.at - before.at).seconds)
            return (after.at.seconds, max(0, after[keyPath: count] - before[keyPath: count]) / seconds)
        }
    }

    private func plot(_ title: String, _ lines: [(name: String, colour: String, points: Points)], unit: String)
        -> String
    {
        let (width, height, left, bottom) = (720.0, 180.0, 60.0, 24.0)
        let maximumX = max(1, lines.flatMap(\.points).map(\.x).max() ?? 1)
        let maximumY = Self.round(lines.flatMap(\.points).map(\.y).max() ?? 1)
        func place(_ point: (x: Double, y: Double)) -> String {
            let x = left + point.x / maximumX * (width - left - 10)
            let y = height - bottom - point.y / maximumY * (height - bottom - 14)
            return "\(Self.number(x)),\(Self.number(y))"
        }
        let paths = lines.map { line in
            "<polyline fill=\"none\" stroke=\"\(line.colour)\" stroke-width=\"1.6\" points=\"\(line.points.map(place).joined(separator: " "))\"/>"
        }
        let legend = lines.enumerated().map { index, line in
            "<text x=\"\(left + 8 + Double(index) * 90)\" y=\"12\" style=\"fill:\(line.colour)\">\(line.name)</text>"
        }
        let grid = [0, 0.5, 1].map { share in
            let y = height - bottom - share * (height - bottom - 14)
            return "<line class=\"axis\" x1=\"\(left)\" x2=\"\(width - 10)\" y1=\"\(y)\" y2=\"\(y)\"/>"
                + "<text x=\"\(left - 6)\" y=\"\(y + 4)\" text-anchor=\"end\">\(Self.number(maximumY * share))\(unit)</text>"
        }
        let end = "<text x=\"\(width - 10)\" y=\"\(height - 6)\" text-anchor=\"end\">\(Self.number(maximumX)) s</text>"
        return
            "<h2>\(title)</h2><svg viewBox=\"0 0 \(Int(width)) \(Int(height))\" role=\"img\" aria-label=\"\(title)\">"
            + grid.joined() + paths.joined() + legend.joined() + end + "</svg>"
    }

    /// The next of 1, 2, 5, 10, 20, …
    private static func round(_ value: Double) -> Double {
        guard value > 0 else { return 1 }
        let power = pow(10, floor(log10(value)))
        return [1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10].map { $0 * power }.first { $0 >= value } ?? value
    }

    private static func number(_ value: Double) -> String {
        let rounded = (value * 10).rounded() / 10
        return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}

extension LoadSample {
    fileprivate var enqueuedCount: Double { Double(enqueued) }
    fileprivate var doneCount: Double { Double(done) }
}
