import Testing

@testable import JobCore

@Suite struct `Waiting jobs as values` {
    @Test func `a cursor comes back from its text`() {
        let cursor = WaitingCursor(dueAt: Timestamp(milliseconds: 1_795_356_000_123), id: JobID())
        #expect(WaitingCursor(cursor.description) == cursor)
    }

    @Test(arguments: [
        "", ".", "1795356000000", "1795356000000.", "x.0192f0c1-0000-7000-8000-00000000000a", "1.nonsense",
    ])
    func `what is no cursor is none`(text: String) {
        #expect(WaitingCursor(text) == nil)
    }

    @Test func `version and origin are kept among the stored headers, and what is carried`() {
        let envelope = Envelope(
            id: JobID(),
            job: "a.b",
            payload: [],
            version: 4,
            enqueuedAt: .now(),
            readyAt: .now(),
            origin: "replay:o",
            carried: ["mine": .bool(true)]
        )
        let expected: Headers = [
            "mine": .bool(true), HeaderName.version: .int(4), HeaderName.origin: .string("replay:o"),
        ]
        #expect(envelope.storedHeaders == expected)
    }

    @Test(arguments: [(Int64.min, 0), (-1, 0), (5, 5), (.max, 253_402_300_799_999)] as [(Int64, Int64)])
    func `an instant from outside is brought within bounds`(milliseconds: Int64, expected: Int64) {
        #expect(Timestamp(milliseconds: milliseconds).bounded.milliseconds == expected)
    }
}
