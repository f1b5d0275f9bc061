import Testing

@testable import JobCore

@Suite struct `Stored headers` {
    @Test func `come back as they were, every type of them`() {
        let headers: Headers = [
            "int": .int(.min), "max": .int(.max), "zero": .int(0), "one": .int(1), "bool": .bool(true),
            "no": .bool(false),
            "double": .double(1), "tiny": .double(.leastNonzeroMagnitude), "infinite": .double(-.infinity),
            "text": .string("é\0\n\"/"),
            "digits": .string("1"), "bytes": .bytes([0, 255]), "empty": .bytes([]), "null": .null, "list": .list([]),
            "table": .table([:]),
            "nested": .list([.table(["a": .list([.int(1), .null])]), .string("@bytes")]),
            "looks tagged": .table(["@bytes": .string("AA=="), "@double": .int(1), "@table": .null]),
            "": .string(""), "@bytes": .string("AA=="), "@table": .null,
        ]
        #expect(HeadersCoding.decode(HeadersCoding.encode(headers)) == headers)
    }

    @Test func `nothing is an empty object`() {
        #expect(HeadersCoding.encode([:]) == Array("{}".utf8))
        #expect(HeadersCoding.decode([]) == [:])
    }

    @Test(arguments: ["{", "[]", "null", "[1,2]", "{\"a\":", "\u{FFFD}{}", "{\"a\":1e400}"])
    func `damage gives an empty table`(text: String) {
        #expect(HeadersCoding.decode(Array(text.utf8)) == [:])
    }

    @Test func `lists nested as deep as a frame allows are read back`() {
        var value = HeaderValue.int(1)
        for _ in 0..<100 { value = .list([value]) }
        let headers: Headers = ["deep": value, "traceparent": .string("00-a-b-01")]
        #expect(HeadersCoding.decode(HeadersCoding.encode(headers)) == headers)
    }
}
