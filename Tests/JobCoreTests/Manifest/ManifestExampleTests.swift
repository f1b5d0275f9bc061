import Foundation
import Testing

@testable import JobCore

@Suite struct `Examples in the manifest` {
    @Test(arguments: [
        ("{ b: 1, a: 2 }", #"{"a":2,"b":1}"#),
        (
            "{ n: -5, h: 0xFF, o: 0o17, z: 007, big: 18446744073709551615 }",
            #"{"big":18446744073709551615,"h":255,"n":-5,"o":15,"z":7}"#
        ),
        ("{ a: 1.0, b: 1.5e3, c: .5, d: 5., e: -0.25 }", #"{"a":1.0,"b":1500.0,"c":0.5,"d":5.0,"e":-0.25}"#),
        (
            #"{ a: "1", b: '2', c: "true", d: "null", e: !!str 3, f: "" }"#,
            #"{"a":"1","b":"2","c":"true","d":"null","e":"3","f":""}"#
        ),
        ("{ a: true, b: False, c: null, d: ~, e: }", #"{"a":true,"b":false,"c":null,"d":null,"e":null}"#),
        (
            "{ locale: no, at: 12:30, day: 2026-11-22, v: 1.2.3, x: 0xZZ, y: yes }",
            #"{"at":"12:30","day":"2026-11-22","locale":"no","v":"1.2.3","x":"0xZZ","y":"yes"}"#
        ),
        (#"{ a: "q\"b\\s/\n\r\t\b\f\x01é😀" }"#, #"{"a":"q\"b\\s/\n\r\t\b\f\u0001é😀"}"#),
        ("[1, [a, {}], []]", #"[1,["a",{}],[]]"#),
        ("{ ab: 1, a: 2, Ab: 3, é: 4 }", #"{"Ab":3,"a":2,"ab":1,"é":4}"#),
    ])
    func `keep their types in canonical JSON`(yaml: String, json: String) throws {
        #expect(try encode(yaml) == json)
        let decoded = try JSONSerialization.jsonObject(with: Data(json.utf8), options: [.fragmentsAllowed])
        #expect(decoded is [String: Any] || decoded is [Any])
    }

    @Test(arguments: ["[.inf]", "[-.INF]", "[.nan]", "[1e999]", "[99999999999999999999]", "[0x1FFFFFFFFFFFFFFFF]"])
    func `refuse numbers that JSON cannot hold`(yaml: String) {
        #expect(throws: ManifestProblem.self) { try encode(yaml) }
    }

    @Test func `anchors share values`() throws {
        #expect(try encode("{ a: &x { k: 1 }, b: *x }") == #"{"a":{"k":1},"b":{"k":1}}"#)
    }

    @Test(.timeLimit(.minutes(1)))
    func `anchors cannot make a file without end`() {
        var bomb = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for level in 1...9 {
            let reference = "*a\(level - 1)"
            bomb += "a\(level): &a\(level) [\(Array(repeating: reference, count: 9).joined(separator: ", "))]\n"
        }
        #expect(
            YAMLDocument(bomb, file: "a.yaml").problems.map(\.message) == [
                "not a manifest's YAML: more than 100000 values"
            ]
        )
    }

    @Test func `anchors cannot make a payload without end`() {
        let long = String(repeating: "x", count: 200_000)
        #expect(throws: ManifestProblem.self) { try encode("[&a \(long), *a, *a, *a, *a, *a, *a, *a]") }
    }

    @Test func `nest as deep as a payload may, and no deeper`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try encode(nested(32)) == nested(32))
        #expect(throws: ManifestProblem.self) { try encode(nested(34)) }
    }

    private func encode(_ yaml: String) throws -> String {
        let document = YAMLDocument(yaml, file: "a.yaml")
        #expect(document.problems.isEmpty)
        return String(decoding: try CanonicalJSON.encode(try #require(document.root)), as: UTF8.self)
    }
}
