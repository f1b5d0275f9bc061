import Testing

@testable import JobCore

@Suite struct `System probe` {
    private func decode(_ payload: String) throws(Malformed) -> SystemProbe {
        try PayloadCoding.decode(SystemProbe.self, from: Array(payload.utf8))
    }

    @Test func `needs no field at all`() throws {
        let probe = try decode("{}")
        #expect(probe.workMs == 0)
        #expect(probe.outcome == .done)
        #expect(probe.failAttempts == 0)
        #expect(!probe.record)
        #expect(probe.note == "")
    }

    @Test func `has snake-case fields`() throws {
        let probe = try decode(#"{"work_ms":5,"outcome":"dead","fail_attempts":2,"record":true,"note":"n","new":[1]}"#)
        #expect(probe.workMs == 5)
        #expect(probe.outcome == .dead)
        #expect(probe.failAttempts == 2)
        #expect(probe.record)
        #expect(probe.note == "n")
    }

    @Test(arguments: [#"{"outcome":"explode"}"#, #"{"work_ms":"5"}"#, "[]", "null", #"{"work_ms":1e99}"#])
    func `is malformed otherwise`(payload: String) {
        #expect(throws: Malformed.self) { try decode(payload) }
    }

    @Test func `is declared as it decodes`() throws {
        let written = try PayloadCoding.encode(SystemProbe(workMs: 5, failAttempts: 1, record: true, note: "x"))
        let text = String(decoding: written, as: UTF8.self)
        #expect(text == #"{"fail_attempts":1,"note":"x","outcome":"done","record":true,"work_ms":5}"#)
    }
}
