/// A number in E.164: a plus sign, the country's calling code, at most 15 digits.
struct PhoneNumber: Sendable, Hashable {
    let text: String
    /// ITU-T E.164.D: `55` for Brazil; all countries of one code share it (`1`, `7`).
    let callingCode: String

    /// Nil for what is no number. Nothing is guessed: blanks, brackets and national forms are refused.
    init?(_ text: String) {
        guard text.utf8.first == UInt8(ascii: "+"), 8...16 ~= text.utf8.count,
            text.utf8.dropFirst().allSatisfy({ 0x30...0x39 ~= $0 })
        else { return nil }
        let digits = text.dropFirst()
        guard let code = (1...3).map({ String(digits.prefix($0)) }).first(where: Self.callingCodes.contains) else {
            return nil
        }
        // Brazil's are of an area code and eight or nine digits, which a typing mistake rarely leaves so.
        if code == "55", !(10...11 ~= digits.count - 2) { return nil }
        self.text = text
        callingCode = code
    }

    /// Without the middle: for logs and lists.
    var masked: String { "+\(callingCode)…\(text.suffix(2))" }

    /// Codes of countries and of shared networks, of one to three digits; no code begins another.
    static let callingCodes: Set<String> = {
        var codes: Set<String> = ["1", "7"]
        let twoDigits =
            "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 "
            + "86 90 91 92 93 94 95 98"
        for code in twoDigits.split(separator: " ") { codes.insert(String(code)) }
        let threeDigits =
            "211 212 213 216 218 220-269 290 291 297-299 350-359 370-378 380-383 385-387 389 420 421 423 500-509 590-599 "
            + "670 672-683 685-692 800 808 850 852 853 855 856 870 878 880-883 886 888 960-968 970-977 979 992-996 998"
        for part in threeDigits.split(separator: " ") {
            let bounds = part.split(separator: "-").compactMap { Int($0) }
            guard let first = bounds.first, let last = bounds.last else { continue }
            for code in first...last { codes.insert("\(code)") }
        }
        return codes
    }()
}
