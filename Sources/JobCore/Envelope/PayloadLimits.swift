/// What a payload may look like before a decoder sees it. One pass over the bytes, no allocation: a kilobyte of hostile
/// JSON can cost a decoder half a second.
package enum PayloadLimits {
    /// DESIGN's wire contract: 1 MiB.
    package static let maximumBytes = 1 << 20
    /// Depth of nested objects and arrays.
    package static let maximumDepth = 32
    /// Object keys in the whole document.
    package static let maximumKeys = 10_000
    /// One string, escapes counted as they stand.
    package static let maximumStringBytes = 256 << 10

    package static func check(_ payload: [UInt8]) throws(Malformed) {
        guard payload.count <= maximumBytes else {
            throw Malformed(
                "malformed_too_large",
                "the payload has \(payload.count) bytes; at most \(maximumBytes) are allowed"
            )
        }
        var scan = JSONScan()
        for byte in payload {
            try scan.take(byte)
        }
        try scan.end()
    }
}

/// A scanner of JSON's outline: strings, depth, colons. It does not replace the decoder's grammar, it bounds its work.
private struct JSONScan {
    private var depth = 0
    private var keys = 0
    private var stringBytes = 0
    private var inString = false
    private var escaped = false
    private var seen = false

    mutating func take(_ byte: UInt8) throws(Malformed) {
        if inString {
            try takeInString(byte)
            return
        }
        switch byte {
        case UInt8(ascii: "\""):
            inString = true
            stringBytes = 0
            seen = true
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            depth += 1
            seen = true
            guard depth <= PayloadLimits.maximumDepth else {
                throw Malformed("malformed_too_deep", "the payload nests deeper than \(PayloadLimits.maximumDepth)")
            }
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            guard depth >= 0 else { throw Malformed("malformed_json", "the payload closes what it never opened") }
        case UInt8(ascii: ":"):
            keys += 1
            guard keys <= PayloadLimits.maximumKeys else {
                throw Malformed(
                    "malformed_too_many_keys",
                    "the payload has more than \(PayloadLimits.maximumKeys) keys"
                )
            }
        case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
            break
        case 0x00...0x1F:
            throw Malformed("malformed_json", "the payload has a control byte outside a string")
        default:
            seen = true
        }
    }

    private mutating func takeInString(_ byte: UInt8) throws(Malformed) {
        if byte == UInt8(ascii: "\""), !escaped {
            inString = false
            return
        }
        escaped = byte == UInt8(ascii: "\\") && !escaped
        stringBytes += 1
        guard stringBytes <= PayloadLimits.maximumStringBytes else {
            throw Malformed("malformed_long_string", "a string in the payload has more than 256 KiB")
        }
    }

    func end() throws(Malformed) {
        guard seen else { throw Malformed("malformed_json", "the payload is empty") }
        guard !inString, depth == 0 else { throw Malformed("malformed_json", "the payload ends before its JSON does") }
    }
}
