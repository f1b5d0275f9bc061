import Synchronization

/// SQL with `:name` parameters turned into PostgreSQL's `$n`, and the order in which the names are bound.
struct NamedSQL: Sendable, Equatable {
    let text: String
    let names: [String]

    /// Knows quoted text, quoted names and `::` casts; anything else that begins with a colon and a letter is a name.
    init(_ sql: String) {
        var output: [UInt8] = []
        var names: [String] = []
        let bytes = Array(sql.utf8)
        output.reserveCapacity(bytes.count)
        var index = 0
        var quote: UInt8?
        while index < bytes.count {
            let byte = bytes[index]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
            } else if byte == UInt8(ascii: ":"), index + 1 < bytes.count {
                if bytes[index + 1] == UInt8(ascii: ":") {
                    output.append(contentsOf: [byte, byte])
                    index += 2
                    continue
                }
                var end = index + 1
                while end < bytes.count, NamedSQL.isNameByte(bytes[end]) { end += 1 }
                if end > index + 1 {
                    let name = String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
                    if !names.contains(name) { names.append(name) }
                    let position = (names.firstIndex(of: name) ?? 0) + 1
                    output.append(contentsOf: "$\(position)".utf8)
                    index = end
                    continue
                }
            }
            output.append(byte)
            index += 1
        }
        text = String(decoding: output, as: UTF8.self)
        self.names = names
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// Translations by text: the platform's statements are constants, so there are a few hundred at most.
final class NamedSQLCache: Sendable {
    private let known = Mutex<[String: NamedSQL]>([:])

    func translate(_ sql: String) -> NamedSQL {
        if let found = known.withLock({ $0[sql] }) { return found }
        let translated = NamedSQL(sql)
        known.withLock { known in
            if known.count >= 1000 { known.removeAll() }
            known[sql] = translated
        }
        return translated
    }
}
