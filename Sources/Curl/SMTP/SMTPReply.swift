/// What a mail server answered to one command.
package struct SMTPReply: Sendable, Hashable, CustomStringConvertible {
    /// 200...599
    package let code: Int
    /// RFC 3463, e.g. `5.1.1`; nil when the server sent none.
    package let enhanced: String?
    /// The server's words, at most 512 characters, control characters taken out, addresses replaced by `<address>`.
    package let text: String

    package init(code: Int, enhanced: String? = nil, text: String = "") {
        self.code = code
        self.enhanced = enhanced
        self.text = text
    }

    package var isTemporary: Bool { 400...499 ~= code }
    package var isPermanent: Bool { 500...599 ~= code }
    package var isNegative: Bool { code >= 400 }

    /// Code and enhanced code. Servers like to quote the recipient, so their words are left out of logs.
    package var description: String { enhanced.map { "\(code) \($0)" } ?? "\(code)" }

    /// From the text lines of one reply, codes cut off.
    init(code: Int, lines: [String]) {
        var words = lines.joined(separator: " ").prefix(4096).split { $0.isWhitespace }.map(String.init)
        var enhanced: String?
        if let first = words.first, Self.isEnhancedCode(first) {
            enhanced = first
            words.removeAll { $0 == first }
        }
        let visible = words.map { word in
            word.contains("@")
                ? "<address>" : String(word.unicodeScalars.filter { $0.properties.generalCategory != .control })
        }
        self.init(code: code, enhanced: enhanced, text: String(visible.joined(separator: " ").prefix(512)))
    }

    private static func isEnhancedCode(_ word: String) -> Bool {
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 3 && ["2", "4", "5"].contains(parts[0])
            && parts.allSatisfy { 1...3 ~= $0.utf8.count && $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } }
    }
}
