import Testing

@testable import Admin
@testable import JobCore

@Suite struct PayloadMatchTests {
    private static let payload =
        #"{"n":42,"x":1.5,"on":true,"off":false,"none":null,"s":"a=b","l":[{"k":"v"},7],"o":{"p":{"q":""}}}"#

    @Test(arguments: [
        ("n=42", true), ("n=42.0", true), ("n=4", false), ("x=1.5", true), ("on=true", true), ("on=1", false),
        ("off=false", true), ("off=0", false), ("none=null", true), ("s=a=b", true), ("l.k=v", true), ("l.0.k=v", true),
        ("l.1.k=v", false), ("l=7", true), ("l.1=7", true), ("o.p.q=", true), ("o.p=", false), ("missing=", false),
    ])
    func `a field is compared by its value`(_ condition: String, _ matches: Bool) throws {
        let match = try #require(PayloadMatch(condition))
        #expect(PayloadMatch.all([match], in: Array(Self.payload.utf8)) == matches)
    }

    @Test(arguments: ["", "{", "\u{0}", String(repeating: "[", count: 5000)])
    func `bytes that are no JSON match nothing`(_ payload: String) throws {
        #expect(!PayloadMatch.all([try #require(PayloadMatch("n=1"))], in: Array(payload.utf8)))
    }

    @Test(arguments: ["", "n", ".n=1", "a..b=1", "=1"])
    func `a condition needs a path and a value`(_ condition: String) {
        #expect(PayloadMatch(condition) == nil)
    }

    @Test func `a mask hides every text of an undeclared job and keeps figures as they are`() throws {
        var letter = CommandBench.letter(0)
        letter.job = "stranger.job"
        let shown = PayloadMask(nil, reveals: false).payload(of: try record(letter, Self.payload))
        #expect(
            shown.text
                == #"{"l":[{"k":"***"},7],"n":42,"none":null,"o":{"p":{"q":"***"}},"off":false,"on":true,"s":"***","x":1.5}"#
        )
        #expect(PayloadMask(nil, reveals: false).payload(of: try record(letter, "not json")).text == "null")
        #expect(PayloadMask(nil, reveals: true).payload(of: try record(letter, "not json")).text == #""not json""#)
    }

    private func record(_ letter: DeadLetter, _ payload: String) throws -> LetterRecord {
        LetterRecord(
            letterID: 1,
            jobID: letter.jobID,
            deathID: letter.deathID,
            job: letter.job,
            address: letter.address,
            attempts: 1,
            errorType: "x",
            errorMessage: "",
            fingerprint: "f",
            build: "b",
            worker: "w",
            enqueuedAt: .now(),
            failedAt: .now(),
            state: .open,
            operationID: nil,
            bodyLength: 1,
            bodySHA256: nil,
            headers: letter.headers,
            payload: Array(payload.utf8)
        )
    }
}
