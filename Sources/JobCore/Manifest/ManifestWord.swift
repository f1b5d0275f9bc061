/// The form of names that end up in queue names, metrics and SQL.
enum ManifestWord {
    static func isValid(_ text: String, maximumBytes: Int) -> Bool {
        (1...maximumBytes).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    static func rule(maximumBytes: Int) -> String {
        "only a-z, 0-9 and _ are allowed, at most \(maximumBytes) bytes"
    }
}
