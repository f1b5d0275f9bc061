import Testing

@testable import JobCore

@Suite struct `Payload limits` {
    @Test(arguments: ["{}", " {\"a\": [1, \"}\", \"\\\"\"] }\n", "1", "null", "\"\\\\\""])
    func `let good JSON pass`(text: String) {
        #expect(label(Array(text.utf8)) == nil)
    }

    @Test(arguments: ["", "  \n", "{", "[1", "}", "\"abc", "{\"a\": \"\\\"}", "\u{0}", "[\u{1}]"])
    func `refuse what is cut short or never JSON`(text: String) {
        #expect(label(Array(text.utf8)) == "malformed_json")
    }

    @Test func `count bytes, depth, keys and strings at their very edges`() {
        #expect(label(pad(1 << 20)) == nil)
        #expect(label(pad((1 << 20) + 1)) == "malformed_too_large")
        #expect(label(nested(32)) == nil)
        #expect(label(nested(33)) == "malformed_too_deep")
        #expect(label(keys(10_000)) == nil)
        #expect(label(keys(10_001)) == "malformed_too_many_keys")
        #expect(label(string("x", 256 << 10)) == nil)
        #expect(label(string("x", (256 << 10) + 1)) == "malformed_long_string")
    }

    @Test(arguments: ["\\n", "\\\"", "\\\\"])
    func `count escapes too`(escape: String) {
        #expect(label(string(escape, 128 << 10)) == nil)
        #expect(label(string(escape, (128 << 10) + 1)) == "malformed_long_string")
    }

    private func pad(_ count: Int) -> [UInt8] { Array("{}".utf8) + Array(repeating: 0x20, count: count - 2) }
    private func nested(_ depth: Int) -> [UInt8] {
        Array(repeating: UInt8(ascii: "["), count: depth) + Array(repeating: UInt8(ascii: "]"), count: depth)
    }
    private func keys(_ count: Int) -> [UInt8] {
        Array("{\((0..<count).map { "\"\($0)\":1" }.joined(separator: ","))}".utf8)
    }
    private func string(_ piece: String, _ count: Int) -> [UInt8] {
        Array("\"\(String(repeating: piece, count: count))\"".utf8)
    }

    private func label(_ payload: [UInt8]) -> String? {
        do throws(Malformed) {
            try PayloadLimits.check(payload)
            return nil
        } catch {
            return error.label
        }
    }
}
