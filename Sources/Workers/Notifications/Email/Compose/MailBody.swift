internal import Foundation

/// Text made fit for every mail server: ASCII, CRLF, lines of at most 76 columns, whichever encoding is shorter.
struct MailBody {
    enum Encoding: String {
        case quotedPrintable = "quoted-printable"
        case base64
    }

    let encoding: Encoding
    let bytes: [UInt8]

    init(_ text: String) {
        let lines = Self.lines(text)
        let quoted = Self.quotedPrintable(lines)
        let byteCount = lines.reduce(lines.count * 2) { $0 + $1.count }
        if quoted.count <= byteCount / 3 * 4 + byteCount / 28 || byteCount < 64 {
            encoding = .quotedPrintable
            bytes = quoted
        } else {
            encoding = .base64
            bytes = Self.base64(lines)
        }
    }

    /// Without their ends, which may be CRLF, LF or CR; the last is empty only when the text is.
    private static func lines(_ text: String) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        let bytes = Array(text.utf8)
        var start = 0
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x0D || bytes[index] == 0x0A {
                lines.append(bytes[start..<index])
                if bytes[index] == 0x0D, index + 1 < bytes.count, bytes[index + 1] == 0x0A { index += 1 }
                start = index + 1
            }
            index += 1
        }
        if start < bytes.count || lines.isEmpty { lines.append(bytes[start...]) }
        return lines
    }

    private static func quotedPrintable(_ lines: [ArraySlice<UInt8>]) -> [UInt8] {
        var output: [UInt8] = []
        for line in lines {
            var column = 0
            for index in line.indices {
                let isLast = index == line.endIndex - 1
                let token = encode(line[index], atStart: column == 0, isLast: isLast, rest: line[index...])
                // A soft break takes the 76th column, unless the line ends here.
                if column + token.count > (isLast ? 76 : 75) {
                    output += [0x3D, 0x0D, 0x0A]
                    let again = encode(line[index], atStart: true, isLast: isLast, rest: line[index...])
                    output += again
                    column = again.count
                } else {
                    output += token
                    column += token.count
                }
            }
            output += [0x0D, 0x0A]
        }
        return output
    }

    /// Besides what must be encoded: a dot at the start of a line (dot-stuffing gone wrong would change it) and `From `
    /// there (mailboxes put a `>` before it).
    private static func encode(_ byte: UInt8, atStart: Bool, isLast: Bool, rest: ArraySlice<UInt8>) -> [UInt8] {
        let isLiteral =
            switch byte {
            case 0x3D: false
            case 0x20, 0x09: !isLast
            case 0x2E: !atStart
            case 0x46: !(atStart && rest.starts(with: "From ".utf8))
            default: 0x21...0x7E ~= byte
            }
        return isLiteral ? [byte] : [0x3D] + HexDigits.upper(byte).utf8
    }

    private static func base64(_ lines: [ArraySlice<UInt8>]) -> [UInt8] {
        var normalised = Data()
        for line in lines {
            normalised.append(contentsOf: line)
            normalised.append(contentsOf: [0x0D, 0x0A])
        }
        let options: Data.Base64EncodingOptions = [
            .lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed,
        ]
        return Array(normalised.base64EncodedData(options: options)) + [0x0D, 0x0A]
    }
}
