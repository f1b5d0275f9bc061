/// A text as the network carries it: in GSM's seven bits where every character is in that alphabet, else in UTF-16
/// (3GPP TS 23.038). Longer ones travel in several messages, each paid for.
struct SMSText: Sendable, Equatable {
    enum Alphabet: String, Sendable {
        case gsm7
        case ucs2
    }

    let text: String
    let alphabet: Alphabet
    let segments: Int

    init(_ text: String) {
        self.text = text
        var units = 0
        var isGSM = true
        for scalar in text.unicodeScalars {
            if Self.basic.contains(scalar) {
                units += 1
            } else if Self.extended.contains(scalar) {
                units += 2
            } else {
                isGSM = false
                break
            }
        }
        alphabet = isGSM ? .gsm7 : .ucs2
        segments =
            isGSM ? Self.gsmSegments(text, units) : Self.wideSegments(text)
    }

    /// 160 in one, else 153 each; an escape and its character are not torn apart.
    private static func gsmSegments(_ text: String, _ units: Int) -> Int {
        guard units > 160 else { return 1 }
        return count(text.unicodeScalars.map { extended.contains($0) ? 2 : 1 }, room: 153)
    }

    /// 70 in one, else 67 each; the halves of a surrogate pair stay together.
    private static func wideSegments(_ text: String) -> Int {
        guard text.utf16.count > 70 else { return 1 }
        return count(text.unicodeScalars.map { $0.value > 0xFFFF ? 2 : 1 }, room: 67)
    }

    private static func count(_ widths: [Int], room: Int) -> Int {
        var (segments, used) = (1, 0)
        for width in widths {
            if used + width > room { (segments, used) = (segments + 1, 0) }
            used += width
        }
        return segments
    }

    private static let basic = Set(
        ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
            + "¿abcdefghijklmnopqrstuvwxyzäöñüà").unicodeScalars
    )
    private static let extended = Set("\u{0C}^{}\\[~]|€".unicodeScalars)
}
