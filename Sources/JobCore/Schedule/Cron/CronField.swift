/// One field of a cron expression: its range, its names, and how a text becomes the set of values it matches.
struct CronField {
    let name: String
    let range: ClosedRange<Int>
    /// The last value of `*` and of `2/3`; 7 is only another name for Sunday.
    let last: Int
    var names: [String] = []

    static let second = CronField(name: "second", range: 0...59, last: 59)
    static let minute = CronField(name: "minute", range: 0...59, last: 59)
    static let hour = CronField(name: "hour", range: 0...23, last: 23)
    static let day = CronField(name: "day of month", range: 1...31, last: 31)
    static let month = CronField(
        name: "month",
        range: 1...12,
        last: 12,
        names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    )
    static let weekday = CronField(
        name: "day of week",
        range: 0...7,
        last: 6,
        names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
    )

    func error(_ reason: String) -> CronError { CronError(field: name, reason: reason) }

    /// False for a field that leaves the choice to the other one: `*`, `?` and a step of one.
    static func isRestricted(_ text: String) -> Bool {
        !text.split(separator: ",", omittingEmptySubsequences: false).contains {
            ["*", "?", "*/1", "?/1"].contains($0)
        }
    }

    func bits(_ text: String) throws(CronError) -> UInt64 {
        var bits: UInt64 = 0
        for item in text.split(separator: ",", omittingEmptySubsequences: false) { bits |= try self.bits(ofItem: item) }
        return bits
    }

    /// `*`, `5`, `MON-FRI`, `0-30/10`, `5/15`.
    func bits(ofItem item: Substring) throws(CronError) -> UInt64 {
        let halves = item.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count <= 2, let span = halves.first, !span.isEmpty else {
            throw error("\"\(item)\" is not understood")
        }
        var step = 1
        if halves.count == 2 {
            guard let number = CronField.number(halves[1]), number > 0 else {
                throw error("the step in \(item) must be a number above 0")
            }
            step = number
        }
        let bounds = try bounds(span, hasStep: halves.count == 2)
        guard bounds.low <= bounds.high else { throw error("\(span) ends before it begins") }
        return stride(from: bounds.low, through: bounds.high, by: step).reduce(0) { $0 | 1 << UInt64($1) }
    }

    private func bounds(_ span: Substring, hasStep: Bool) throws(CronError) -> (low: Int, high: Int) {
        if span == "*" || span == "?" { return (range.lowerBound, last) }
        let ends = span.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2 else { throw error("\(span) is not a range") }
        let low = try value(ends[0])
        if ends.count == 2 { return (low, try value(ends[1])) }
        return (low, hasStep ? max(low, last) : low)
    }

    func value(_ text: Substring) throws(CronError) -> Int {
        if let index = names.firstIndex(of: text.uppercased()) { return index + range.lowerBound }
        guard let number = CronField.number(text), range.contains(number) else {
            let words = names.first.flatMap { first in names.last.map { " or \(first)…\($0)" } } ?? ""
            throw error("\"\(text)\" is not within \(range.lowerBound)…\(range.upperBound)\(words)")
        }
        return number
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }
}
