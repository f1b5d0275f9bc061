/// The `Message-ID` of a mail, without its angle brackets: `LOCAL@DOMAIN`. The caller derives it from the job's id, so
/// that a mail sent twice can be recognised as one.
///
/// Its characters are also safe as a file name: letters, digits and `._+=-`, one `@`, at most 200 bytes, no leading dot.
package struct MessageID: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) throws(MailMessageError) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard text.utf8.count <= 200, parts.count == 2, parts.allSatisfy(Self.isDotAtom) else {
            throw .malformed(.messageID)
        }
        self.text = text
    }

    package var description: String { text }

    private static func isDotAtom(_ part: Substring) -> Bool {
        part.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty
                && atom.utf8.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x3D, 0x5F: true
                    default: false
                    }
                }
        }
    }

    /// Separates the parts of this mail's body, the same each time. `=_` cannot occur in an encoded body.
    var boundary: String {
        "=_\(Self.hash(text.utf8, seed: 0xcbf2_9ce4_8422_2325))\(Self.hash(text.utf8.reversed(), seed: 0x9e37_79b9_7f4a_7c15))"
    }

    /// FNV-1a in 16 hexadecimal digits; `Hasher` differs from process to process.
    private static func hash(_ bytes: some Sequence<UInt8>, seed: UInt64) -> String {
        let value = bytes.reduce(seed) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
