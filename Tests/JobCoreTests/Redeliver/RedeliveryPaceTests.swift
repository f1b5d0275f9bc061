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

@Suite struct `Attempts as rows of one parameter` {
    @Test func `are escaped, and each is there once`() {
        let id = JobID()
        let strange = AttemptKey(id: id, run: #"a"b\\"#, attempt: 2, readyAt: Timestamp(milliseconds: 7))
        #expect(AttemptKeyRows.json([strange: 3]) == .text(#"[["\#(id)","a\"b\\\\",2,7,3]]"#))
        let twins = ["x\0", "x\u{FFFD}"].map {
            AttemptKey(id: id, run: $0, attempt: 1, readyAt: .init(milliseconds: 1))
        }
        #expect(AttemptKeyRows.json(twins) == .text(#"[["\#(id)","x\#u{FFFD}",1,1,0]]"#))
        #expect(AttemptKeyRows.json([AttemptKey]()) == .text("[]"))
    }
}
