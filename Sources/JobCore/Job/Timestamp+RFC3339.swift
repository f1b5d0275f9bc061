extension Timestamp {
    /// Reads an RFC 3339 instant such as `2026-11-22T02:00:00Z` or `2026-11-21T23:00:00.250-03:00`; what is finer than
    /// a millisecond is cut. Strict, unlike Foundation's parser, which takes hour 25 and ignores what follows.
    public init?(rfc3339 text: String) {
        var reader = InstantReader(bytes: Array(text.utf8)[...])
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), (1...12).contains(month),
            reader.take("-"), let day = reader.number(2),
            (1...CivilDay.length(ofMonth: Int(month), year: Int(year))).contains(Int(day)),
            reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.number(2), hour < 24, reader.take(":"), let minute = reader.number(2), minute < 60,
            reader.take(":"), let second = reader.number(2), second <= 60,
            let fraction = reader.fraction(), let offset = reader.offset(), reader.bytes.isEmpty
        else { return nil }
        let days = CivilDay(year: Int(year), month: Int(month), day: Int(day)).number
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset * 60
        self.init(milliseconds: seconds * 1000 + fraction)
    }
}

/// Takes an instant's parts off the front of its bytes.
private struct InstantReader {
    var bytes: ArraySlice<UInt8>

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let first = bytes.first, UInt32(first) == character.value else { return false }
        bytes.removeFirst()
        return true
    }

    mutating func number(_ digits: Int) -> Int64? {
        guard bytes.count >= digits else { return nil }
        var value: Int64 = 0
        for byte in bytes.prefix(digits) {
            guard let digit = InstantReader.digit(byte) else { return nil }
            value = value * 10 + digit
        }
        bytes.removeFirst(digits)
        return value
    }

    /// Milliseconds; zero without a fraction, nil for a dot without digits.
    mutating func fraction() -> Int64? {
        guard take(".") else { return 0 }
        let digits = bytes.prefix { InstantReader.digit($0) != nil }
        guard !digits.isEmpty else { return nil }
        bytes.removeFirst(digits.count)
        let three = Array(digits.prefix(3)) + Array(repeating: UInt8(ascii: "0"), count: max(0, 3 - digits.count))
        return three.reduce(0) { $0 * 10 + (InstantReader.digit($1) ?? 0) }
    }

    /// Minutes east of UTC.
    mutating func offset() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let isWest = take("-")
        guard isWest || take("+"), let hours = number(2), hours < 24, take(":"), let minutes = number(2), minutes < 60
        else { return nil }
        return (isWest ? -1 : 1) * (hours * 60 + minutes)
    }

    private static func digit(_ byte: UInt8) -> Int64? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int64(byte - UInt8(ascii: "0")) : nil
    }
}
