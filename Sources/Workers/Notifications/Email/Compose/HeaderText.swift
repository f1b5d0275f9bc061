internal import Foundation

/// Free text for a header, as tokens a writer may fold between: plain words, or RFC 2047 encoded words.
enum HeaderText {
    /// Below the 75 that are allowed, so that the longest header name still fits on the first line.
    static let maxEncodedWord = 64

    /// Readers put the tokens together again with the spaces they had.
    static func tokens(_ text: String) -> [String] {
        isPlain(text) ? text.split(separator: " ").map(String.init) : encodedWords(text)
    }

    /// ASCII that survives folding and unfolding and does not look encoded.
    static func isPlain(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.allSatisfy({ 0x20...0x7E ~= $0 }), !text.contains("=?") else {
            return text.isEmpty
        }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        return words.allSatisfy { 1...maxEncodedWord ~= $0.utf8.count }
    }

    /// Each word is a whole number of characters, or at least of Unicode scalars, so it can be decoded by itself.
    static func encodedWords(_ text: String) -> [String] {
        let quotedLength = text.utf8.reduce(0) { $0 + quotedCost($1) }
        let base64Length = (text.utf8.count + 2) / 3 * 4
        let useQuoted = quotedLength <= base64Length
        func length(_ bytes: [UInt8]) -> Int {
            useQuoted ? bytes.reduce(0) { $0 + quotedCost($1) } : (bytes.count + 2) / 3 * 4
        }

        let budget = maxEncodedWord - "=?UTF-8?Q??=".utf8.count
        var words: [String] = []
        var pending: [UInt8] = []
        for character in text {
            let whole = Array(character.utf8)
            let pieces = length(whole) <= budget ? [whole] : character.unicodeScalars.map { Array(String($0).utf8) }
            for piece in pieces {
                if !pending.isEmpty, length(pending + piece) > budget {
                    words.append(word(pending, useQuoted))
                    pending = []
                }
                pending += piece
            }
        }
        if !pending.isEmpty { words.append(word(pending, useQuoted)) }
        return words
    }

    private static func word(_ bytes: [UInt8], _ useQuoted: Bool) -> String {
        useQuoted
            ? "=?UTF-8?Q?\(bytes.map(quoted).joined())?="
            : "=?UTF-8?B?\(Data(bytes).base64EncodedString())?="
    }

    private static func quotedCost(_ byte: UInt8) -> Int { byte == 0x20 || isSafe(byte) ? 1 : 3 }

    private static func quoted(_ byte: UInt8) -> String {
        if byte == 0x20 { return "_" }
        if isSafe(byte) { return String(UnicodeScalar(byte)) }
        return "=" + HexDigits.upper(byte)
    }

    /// What RFC 2047 allows everywhere, also within a name before an address.
    private static func isSafe(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x21, 0x2A, 0x2B, 0x2D, 0x2F: true
        default: false
        }
    }
}

enum HexDigits {
    private static let digits = Array("0123456789ABCDEF")

    static func upper(_ byte: UInt8) -> String {
        String([digits[Int(byte >> 4)], digits[Int(byte & 15)]])
    }
}
