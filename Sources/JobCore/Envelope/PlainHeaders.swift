/// The stored form of the headers that nearly every job has: integers, booleans and plain ASCII text, in one flat object.
/// Both ways answer nil for anything else, which `JSONEncoder` and `JSONDecoder` then see to, at twenty times the price.
enum PlainHeaders {
    static func encode(_ headers: Headers) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32 * headers.count + 2)
        bytes.append(UInt8(ascii: "{"))
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            guard append(name, to: &bytes) else { return nil }
            bytes.append(UInt8(ascii: ":"))
            switch value {
            case .int(let number): bytes.append(contentsOf: "\(number)".utf8)
            case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
            case .string(let text): guard append(text, to: &bytes) else { return nil }
            case .double, .bytes, .list, .table, .null: return nil
            }
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) -> Bool {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            guard isPlain(byte) else { return false }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
        return true
    }

    fileprivate static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    static func decode(_ bytes: [UInt8]) -> Headers? {
        bytes.withUnsafeBufferPointer { buffer in
            var reader = PlainReader(bytes: buffer)
            return reader.object()
        }
    }
}

/// Reads what `PlainHeaders.encode` writes and nothing more: no space, no escape, no nesting.
private struct PlainReader {
    let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    mutating func object() -> Headers? {
        guard take(UInt8(ascii: "{")) else { return nil }
        var headers: Headers = [:]
        headers.reserveCapacity(8)
        while true {
            guard let name = text(), take(UInt8(ascii: ":")), let value = value() else { return nil }
            headers[name] = value
            if take(UInt8(ascii: "}")) { return position == bytes.count ? headers : nil }
            guard take(UInt8(ascii: ",")) else { return nil }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func text() -> String? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = position
        while position < bytes.count, PlainHeaders.isPlain(bytes[position]) { position += 1 }
        let end = position
        guard take(UInt8(ascii: "\"")) else { return nil }
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    private mutating func value() -> HeaderValue? {
        guard position < bytes.count else { return nil }
        switch bytes[position] {
        case UInt8(ascii: "\""): return text().map(HeaderValue.string)
        case UInt8(ascii: "t"): return word("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return word("false") ? .bool(false) : nil
        default: return integer().map(HeaderValue.int)
        }
    }

    private mutating func word(_ word: StaticString) -> Bool {
        for offset in 0..<word.utf8CodeUnitCount where !take(word.utf8Start[offset]) { return false }
        return true
    }

    /// At most 18 digits, which cannot overflow; longer ones are the decoder's.
    private mutating func integer() -> Int64? {
        let isNegative = take(UInt8(ascii: "-"))
        let start = position
        var number: Int64 = 0
        while position < bytes.count, case let digit = bytes[position], digit >= UInt8(ascii: "0"),
            digit <= UInt8(ascii: "9")
        {
            guard position - start < 18 else { return nil }
            number = number * 10 + Int64(digit - UInt8(ascii: "0"))
            position += 1
        }
        guard position > start else { return nil }
        return isNegative ? -number : number
    }
}
