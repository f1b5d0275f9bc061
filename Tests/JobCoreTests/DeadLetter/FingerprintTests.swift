import Testing

@testable import JobCore

@Suite struct `Fingerprint of a failure` {
    @Test(
        arguments: [
            ("no user 42 at ana@example.com", "no user 77 at bob@example.org"),
            (#"column "a" is missing"#, #"column "b" is missing"#),
            ("id 0192f0c1-0000 not found", "id 0192ffff-1234 not found"),
            ("one line\nand a stack", "one line\nand another"),
            ("took 3.5s, gave up", "took 12s, gave up"),
        ]
    )
    func `what differs each time does not count`(left: String, right: String) {
        let (a, b) = (Failure("l", left), Failure("l", right))
        #expect(Fingerprint.of(job: "a.b", failure: a) == Fingerprint.of(job: "a.b", failure: b))
    }

    @Test func `job, label and words count`() {
        let base = Fingerprint.of(job: "a.b", failure: Failure("l", "not found"))
        #expect(base != Fingerprint.of(job: "a.c", failure: Failure("l", "not found")))
        #expect(base != Fingerprint.of(job: "a.b", failure: Failure("m", "not found")))
        #expect(base != Fingerprint.of(job: "a.b", failure: Failure("l", "not allowed")))
        #expect(base.count == 16)
        #expect(base.allSatisfy { "0123456789abcdef".contains($0) })
    }

    @Test(arguments: ["", "\n", "\"", "`open", "\0\u{FFFD}", String(repeating: "ção ", count: 5000)])
    func `any message has one`(message: String) {
        #expect(Fingerprint.of(job: "", failure: Failure("", message)).count == 16)
        #expect(Fingerprint.normalised(message).utf8.count <= 2048)
    }
}
