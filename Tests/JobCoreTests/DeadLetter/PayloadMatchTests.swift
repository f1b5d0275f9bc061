import Testing

@testable import JobCore

@Suite struct `Payload conditions` {
    private static let payload = Array(
        #"{"venue_id":42,"price":1.5,"ok":true,"none":null,"to":"ana@example.com","data":{"tags":["new",7],"0":"zero"}}"#
            .utf8
    )

    @Test(
        arguments: [
            "venue_id=42", "price=1.5", "ok=true", "none=null", "to=ana@example.com", "data.tags=new", "data.tags=7",
            "data.tags.0=new", "data.0=zero", "venue_id=42.0",
        ]
    )
    func `match by path and value`(text: String) throws {
        #expect(PayloadMatch.all([try #require(PayloadMatch(text))], in: Self.payload))
    }

    @Test(
        arguments: [
            "venue_id=43", "ok=1", "ok=false", "none=", "to=ana", "data=new", "data.tags.1=new", "absent=",
            "data.tags.9=7",
            "to.deeper=x",
        ]
    )
    func `do not match anything else`(text: String) throws {
        #expect(!PayloadMatch.all([try #require(PayloadMatch(text))], in: Self.payload))
    }

    @Test(arguments: ["", "path", "=value", "a..b=1", ".a=1"])
    func `are refused without a path`(text: String) {
        #expect(PayloadMatch(text) == nil)
    }

    @Test(arguments: ["", "{", "\u{0}", String(repeating: "[", count: 10_000), "nonsense"])
    func `match nothing that is no JSON`(payload: String) {
        #expect(!PayloadMatch.all([PayloadMatch(path: ["a"], value: "1")], in: Array(payload.utf8)))
        #expect(PayloadMatch.all([], in: Array(payload.utf8)))
    }
}
