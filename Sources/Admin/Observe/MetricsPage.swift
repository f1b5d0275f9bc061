import JobCore

/// A page in Prometheus's text format 0.0.4. Labels are names of the manifest: bounded, and never personal.
struct MetricsPage {
    enum Kind: String { case gauge, counter, histogram }

    /// Upper bounds of the histograms' buckets, seconds.
    static let bounds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600]

    private(set) var text = ""

    /// One family of series; the values are in the order given.
    mutating func family(
        _ name: String,
        _ kind: Kind,
        _ help: String,
        _ series: [(labels: [(String, String)], value: Double?)]
    ) {
        let known = series.compactMap { one in one.value.map { (one.labels, $0) } }
        guard !known.isEmpty else { return }
        head(name, kind, help)
        for (labels, value) in known { line(name, labels, value) }
    }

    /// The largest value of a bucket decides in which of the page's it counts: within 9 % of the truth.
    mutating func histograms(
        _ name: String,
        _ help: String,
        _ series: [(labels: [(String, String)], value: LatencyHistogram)]
    ) {
        let known = series.filter { !$0.value.jobs.isEmpty }
        guard !known.isEmpty else { return }
        head(name, .histogram, help)
        for (labels, histogram) in known {
            let jobs = histogram.jobs.map {
                (seconds: Double(LatencyHistogram.upperBound($0.key)) / 1000, count: $0.value)
            }
            for bound in MetricsPage.bounds {
                let count = jobs.reduce(0) { $0 + ($1.seconds <= bound ? $1.count : 0) }
                line("\(name)_bucket", labels + [("le", MetricsPage.spell(bound))], Double(count))
            }
            let all = jobs.reduce(0) { $0 + $1.count }
            line("\(name)_bucket", labels + [("le", "+Inf")], Double(all))
            line("\(name)_sum", labels, jobs.reduce(0) { $0 + $1.seconds * Double($1.count) })
            line("\(name)_count", labels, Double(all))
        }
    }

    private mutating func head(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func line(_ name: String, _ labels: [(String, String)], _ value: Double) {
        text += name
        if !labels.isEmpty {
            let spelled = labels.map { "\($0.0)=\"\(MetricsPage.escaped($0.1))\"" }
            text += "{\(spelled.joined(separator: ","))}"
        }
        text += " \(MetricsPage.spell(value))\n"
    }

    private static func spell(_ value: Double) -> String {
        if value == value.rounded(), let whole = Int64(exactly: value) { return String(whole) }
        return String(value)
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
