/// How plain scalars are told apart: YAML 1.2's core schema, not 1.1's. There `no` is text (also the Norwegian locale),
/// `12:30` is text and no count of minutes, and `2026-11-22` is text, as JSON would have it.
enum YAMLNumber: Equatable {
    /// Canonical decimal digits, within Int64 or UInt64.
    case integer(String)
    case double(Double)
    /// A number that JSON or 64 bits cannot hold.
    case unrepresentable

    /// Nil for what is not a number at all.
    init?(_ text: String) {
        if YAMLNumber.isDecimal(text) {
            self = YAMLNumber.canonical(Int64(text).map(String.init) ?? UInt64(text).map(String.init))
        } else if text.hasPrefix("0x"), let digits = YAMLNumber.digits(after: "0x", in: text, radix: 16) {
            self = YAMLNumber.canonical(UInt64(digits, radix: 16).map(String.init))
        } else if text.hasPrefix("0o"), let digits = YAMLNumber.digits(after: "0o", in: text, radix: 8) {
            self = YAMLNumber.canonical(UInt64(digits, radix: 8).map(String.init))
        } else if YAMLNumber.isFloat(text) {
            guard let number = Double(text), number.isFinite else {
                self = .unrepresentable
                return
            }
            self = .double(number)
        } else if [".inf", "-.inf", "+.inf", ".nan"].contains(text.lowercased()) {
            self = .unrepresentable
        } else {
            return nil
        }
    }

    /// `[-+]?[0-9]+`
    static func isDecimal(_ text: String) -> Bool {
        let digits = YAMLNumber.unsigned(text)
        return !digits.isEmpty && digits.allSatisfy(isDigit)
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
    private static func isFloat(_ text: String) -> Bool {
        var rest = unsigned(text)
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix(while: isDigit)
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return false }
        guard let mark = rest.first else { return true }
        guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") else { return false }
        let exponent = unsigned(String(decoding: rest.dropFirst(), as: UTF8.self))
        return !exponent.isEmpty && exponent.allSatisfy(isDigit)
    }

    private static func canonical(_ digits: String?) -> YAMLNumber {
        digits.map(YAMLNumber.integer) ?? .unrepresentable
    }

    private static func digits(after prefix: String, in text: String, radix: Int) -> String? {
        let digits = text.dropFirst(prefix.count)
        return !digits.isEmpty && digits.allSatisfy { $0.hexDigitValue.map { $0 < radix } ?? false }
            ? String(digits) : nil
    }

    private static func unsigned(_ text: String) -> ArraySlice<UInt8> {
        let bytes = Array(text.utf8)[...]
        return bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") ? bytes.dropFirst() : bytes
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
