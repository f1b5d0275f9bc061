/// The one spelling of durations in the manifest and on the command line: `250ms`, `30s`, `5m`, `1h`, `2d`, `0s`.
extension Duration {
    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    package static let manifestForm = "a duration such as 250ms, 30s, 5m, 1h or 2d"

    /// Nil unless the text is decimal digits and one unit, within the range of milliseconds.
    package init?(manifest text: some StringProtocol) {
        let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let suffix = String(text.dropFirst(digits.count))
        guard !digits.isEmpty, let unit = Duration.units.first(where: { $0.suffix == suffix }),
            let count = Int64(String(decoding: digits, as: UTF8.self))
        else { return nil }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
        guard !overflow else { return nil }
        self = .milliseconds(milliseconds)
    }

    /// The same spelling, in the largest unit that loses nothing; finer than a millisecond is cut.
    package var manifestText: String {
        let total = milliseconds
        guard total != 0 else { return "0s" }
        for unit in Duration.units where total.isMultiple(of: unit.milliseconds) {
            return "\(total / unit.milliseconds)\(unit.suffix)"
        }
        return "\(total)ms"
    }
}
