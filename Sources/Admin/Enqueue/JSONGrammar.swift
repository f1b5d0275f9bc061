/// RFC 8259 to the letter: Foundation's parser lets a trailing comma pass, which a worker in another language would
/// refuse. Recursion is bounded by the depth that `PayloadLimits` has checked before.
struct JSONGrammar {
    private let bytes: [UInt8]
    private var position = 0

    static func accepts(_ bytes: [UInt8]) -> Bool {
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        var grammar = JSONGrammar(bytes)
        grammar.skipSpace()
        guard grammar.value() else { return false }
        grammar.skipSpace()
        return grammar.position == bytes.count
    }

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    private mutating func value() -> Bool {
        switch next {
        case UInt8(ascii: "{"): members()
        case UInt8(ascii: "["): elements()
        case UInt8(ascii: "\""): string()
        case UInt8(ascii: "t"): word("true")
        case UInt8(ascii: "f"): word("false")
        case UInt8(ascii: "n"): word("null")
        default: number()
        }
    }

    private mutating func members() -> Bool {
        list(closing: UInt8(ascii: "}")) { grammar in
            guard grammar.string() else { return false }
            grammar.skipSpace()
            guard grammar.take(UInt8(ascii: ":")) else { return false }
            grammar.skipSpace()
            return grammar.value()
        }
    }

    private mutating func elements() -> Bool {
        list(closing: UInt8(ascii: "]")) { $0.value() }
    }

    private mutating func list(closing: UInt8, _ entry: (inout JSONGrammar) -> Bool) -> Bool {
        position += 1
        skipSpace()
        if take(closing) { return true }
        while true {
            guard entry(&self) else { return false }
            skipSpace()
            if take(closing) { return true }
            guard take(UInt8(ascii: ",")) else { return false }
            skipSpace()
        }
    }

    private mutating func string() -> Bool {
        guard take(UInt8(ascii: "\"")) else { return false }
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return true
            case UInt8(ascii: "\\"): guard escape() else { return false }
            case 0x00..<0x20: return false
            default: break
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard let byte = next else { return false }
        position += 1
        guard byte == UInt8(ascii: "u") else { return #""\/bfnrt"#.utf8.contains(byte) }
        for _ in 0..<4 {
            guard let digit = next, Character(Unicode.Scalar(digit)).isHexDigit else { return false }
            position += 1
        }
        return true
    }

    private mutating func word(_ text: String) -> Bool {
        for byte in text.utf8 {
            guard take(byte) else { return false }
        }
        return true
    }

    private mutating func number() -> Bool {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) {
            guard digits() else { return false }
        }
        if take(UInt8(ascii: ".")) {
            guard digits() else { return false }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard digits() else { return false }
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position > start
    }
}
