import JobCore

/// `50/s`, `600/m`, `1000/h` as a person types it.
enum RateText {
    static func perSecond(_ text: String, _ option: String) throws -> Double {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let seconds: [Substring: Double] = ["s": 1, "m": 60, "h": 3600]
        guard parts.count == 2, let count = Double(parts[0]), (0.001...1_000_000).contains(count),
            let period = seconds[parts[1]]
        else { throw CommandFailure.usage("\(option) must be a number and a unit: 50/s, 600/m or 1000/h") }
        return count / period
    }
}
