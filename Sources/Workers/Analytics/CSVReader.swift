/// Takes records off a CSV text (RFC 4180) as it comes: quoted fields may hold commas, quotes and line ends.
struct CSVReader {
    struct Failure: Error, Equatable, CustomStringConvertible {
        let line: Int
        let reason: String
        var description: String { "line \(line): \(reason)" }
    }

    /// A record longer than this is no record.
    static let longestRecord = 1 << 20

    private var field: [UInt8] = []
    private var record: [String] = []
    private var isQuoted = false
    /// The last byte was a quote inside a quoted field: its end, or half of a quote in it.
    private var wasQuote = false
    private var size = 0
    /// Where the record that is being read began.
    private(set) var line = 1
    private var lineEnds = 0

    /// The records that these bytes complete, each with the line it began on.
    mutating func take(_ bytes: some Sequence<UInt8>) throws(Failure) -> [(line: Int, fields: [String])] {
        var records: [(line: Int, fields: [String])] = []
        for byte in bytes {
            size += 1
            guard size <= CSVReader.longestRecord else { throw Failure(line: line, reason: "a record without end") }
            if isQuoted, !wasQuote {
                if byte == UInt8(ascii: "\"") {
                    wasQuote = true
                } else {
                    if byte == UInt8(ascii: "\n") { lineEnds += 1 }
                    field.append(byte)
                }
                continue
            }
            if wasQuote, byte == UInt8(ascii: "\"") {
                field.append(byte)
                wasQuote = false
                continue
            }
            switch byte {
            case UInt8(ascii: "\"") where field.isEmpty && !isQuoted: isQuoted = true
            case UInt8(ascii: ","): try endField()
            case UInt8(ascii: "\r"): continue
            case UInt8(ascii: "\n"):
                try endField()
                lineEnds += 1
                if record != [""] { records.append((line, record)) }
                record = []
                size = 0
                line += lineEnds
                lineEnds = 0
            case _ where isQuoted: throw Failure(line: line, reason: "text after a closing quote")
            default: field.append(byte)
            }
        }
        return records
    }

    /// The last record, of a text that does not end with a line end.
    mutating func finish() throws(Failure) -> (line: Int, fields: [String])? {
        if isQuoted, !wasQuote { throw Failure(line: line, reason: "a quote is not closed") }
        guard size > 0 else { return nil }
        try endField()
        return (line, record)
    }

    private mutating func endField() throws(Failure) {
        guard let text = String(validating: field, as: UTF8.self) else {
            throw Failure(line: line, reason: "not UTF-8")
        }
        record.append(text)
        field.removeAll(keepingCapacity: true)
        isQuoted = false
        wasQuote = false
    }
}
