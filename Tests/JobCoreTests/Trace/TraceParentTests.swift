import JobCore
import Testing

/// The cases are those of the W3C harness for `traceparent`.
@Suite struct TraceParentTests {
    private static let id = "12345678901234567890123456789012"

    @Test(
        arguments: [
            "00-\(id)-1234567890123456-01", "00-\(id)-1234567890123456-00", "cc-\(id)-1234567890123456-01",
            "cc-\(id)-1234567890123456-01-what-the-future-will-be-like",
        ]
    )
    func `a valid header is read and spelled as version 00`(text: String) throws {
        let parent = try #require(TraceParent(text))
        #expect(parent.description.hasPrefix("00-\(Self.id)-1234567890123456-0"))
        let child = parent.child()
        #expect(child.traceID == parent.traceID)
        #expect(child.spanID != parent.spanID)
        #expect(TraceParent(child.description) == child)
    }

    @Test(
        arguments: [
            "", "00", "00-\(id)-1234567890123456-01.", "00-\(id)-1234567890123456-01-what-is-this",
            "cc-\(id)-1234567890123456-01.what", "ff-\(id)-1234567890123456-01", ".0-\(id)-1234567890123456-01",
            "0-\(id)-1234567890123456-01", "000-\(id)-1234567890123456-01",
            "00-00000000000000000000000000000000-1234567890123456-01",
            "00-.2345678901234567890123456789012-1234567890123456-01",
            "00-1234567890123456789012345678901-1234567890123456-01", "00-\(id)3-1234567890123456-01",
            "00-\(id)-0000000000000000-01", "00-\(id)-.234567890123456-01", "00-\(id)-123456789012345-01",
            "00-\(id)-12345678901234567-01", "00-\(id)-1234567890123456-.0", "00-\(id)-1234567890123456-1",
            "00-\(id)-1234567890123456-001", "00-\(id)-1234567890ABCDEF-01",
        ]
    )
    func `an invalid one begins a new trace`(text: String) {
        #expect(TraceParent(text) == nil)
        #expect(OpenSpan("x", .consumer, parent: text).context.traceID != Self.id)
    }
}
