/// An address fit for an envelope and a header: `local@domain` in ASCII, in the plain form (dot-atom). What passes holds
/// no byte that could end a line, a bracket or a list.
package struct MailAddress: Sendable, Hashable, CustomStringConvertible {
    package enum Defect: String, Error, Sendable {
        case empty
        case controlCharacter = "control_character"
        /// Domains with other letters are written in their IDNA form (`xn--…`); other local parts are not supported.
        case nonASCII = "non_ascii"
        case notOneAtSign = "not_one_at_sign"
        case localTooLong = "local_part_over_64"
        case tooLong = "over_254"
        case localPart = "local_part"
        case domain
    }

    /// As given; case is kept.
    package let text: String

    package init(_ text: String) throws(Defect) {
        guard !text.isEmpty else { throw .empty }
        for byte in text.utf8 {
            if byte < 0x20 || byte == 0x7F { throw .controlCharacter }
            if byte > 0x7F { throw .nonASCII }
        }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw .notOneAtSign }
        guard parts[0].utf8.count <= 64 else { throw .localTooLong }
        guard text.utf8.count <= 254 else { throw .tooLong }
        guard Self.isDotAtom(parts[0]) else { throw .localPart }
        guard Self.isHostName(parts[1]) else { throw .domain }
        self.text = text
    }

    package var domain: Substring { text[text.index(after: text.lastIndex(of: "@") ?? text.startIndex)...] }

    /// Personal: kept out of logs.
    package var description: String { "<address>" }

    private static func isDotAtom(_ local: Substring) -> Bool {
        local.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty && atom.utf8.allSatisfy(isAtomByte)
        }
    }

    private static func isAtomByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
        }
    }

    /// Letters, digits and inner hyphens, labels of at most 63.
    static func isHostName(_ name: Substring) -> Bool {
        guard name.utf8.count <= 253 else { return false }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            guard 1...63 ~= label.utf8.count, label.first != "-", label.last != "-" else { return false }
            return label.utf8.allSatisfy { byte in
                0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte || byte == 0x2D
            }
        }
    }
}
