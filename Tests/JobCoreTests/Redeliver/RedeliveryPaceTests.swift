import Testing

@testable import JobCore

@Suite struct `The pace of looking up what came back` {
    @Test func `is what the slots hold while nothing is known`() {
        #expect(RedeliveryPace(slots: 16).size(starts: nil) == 16)
    }

    @Test func `is what starts within its horizon, bounded on both sides`() {
        let pace = RedeliveryPace(slots: 16)
        #expect(pace.size(starts: 120) == 120)
        #expect(pace.size(starts: 3) == 16)
        #expect(pace.size(starts: 1_000_000) == RedeliveryPace.maximum)
        #expect(RedeliveryPace(slots: 2_000).size(starts: nil) == RedeliveryPace.maximum)
    }

    @Test func `falls back to the slots after a suspect, until enough have come without one`() {
        var pace = RedeliveryPace(slots: 16)
        pace.answered(16, hasSuspect: true)
        #expect(pace.size(starts: 300) == 16)
        pace.answered(RedeliveryPace.caution - 1, hasSuspect: false)
        #expect(pace.size(starts: 300) == 16)
        pace.answered(1, hasSuspect: false)
        #expect(pace.size(starts: 300) == 300)
    }
}

@Suite struct `Attempts as rows of one statement` {
    private let id = JobID()

    private func key(_ run: String) -> AttemptKey {
        AttemptKey(id: id, run: run, attempt: 2, readyAt: Timestamp(milliseconds: 7))
    }

    @Test func `are escaped for either database`() {
        let keys = [(key("a\"b\\c\n"), 3)]
        #expect(AttemptKeyRows.parameters(.sqlite, keys)["keys"] == .text(#"[["\#(id)","a\"b\\c\u000a",2,7,3]]"#))
        let postgres = AttemptKeyRows.parameters(.postgres, keys)
        #expect(postgres["keys_0"] == .text("{\"\(id)\"}"))
        #expect(postgres["keys_1"] == .text("{\"a\\\"b\\\\c\n\"}"))
        #expect(postgres["keys_4"] == .text("{3}"))
    }

    @Test func `are there once, also when scrubbing makes them the same`() {
        let parameters = AttemptKeyRows.parameters(.postgres, [key("x\0"), key("x\u{FFFD}")])
        #expect(parameters["keys_0"] == .text("{\"\(id)\"}"))
    }
}
