/// Writes header fields, folded between tokens where a line would pass 76 columns, and body parts. The only place that
/// writes line ends into a header.
struct MailHeaderWriter {
    private(set) var bytes: [UInt8] = []

    /// Tokens hold no line end. A token longer than a line stays whole (up to 998 bytes, which the checks see to).
    mutating func write(_ name: String, _ tokens: [String]) {
        append("\(name):")
        var column = name.utf8.count + 1
        for (index, token) in tokens.enumerated() {
            let width = token.utf8.count + 1
            if index > 0, column + width > 76 {
                append("\r\n")
                column = 0
            }
            append(" \(token)")
            column += width
        }
        append("\r\n")
    }

    /// Type, encoding, empty line and encoded content.
    mutating func appendPart(_ type: String, _ content: String) {
        let body = MailBody(content)
        write("Content-Type", ["\(type);", "charset=utf-8"])
        write("Content-Transfer-Encoding", [body.encoding.rawValue])
        append("\r\n")
        bytes.append(contentsOf: body.bytes)
    }

    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}
