import Testing

@testable import JobCore

@Suite struct `Replay decision` {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)
    private let rules = Replay.Rules(operation: "op")
    private let routes: [String: Topology.Route] = [
        "a.b": Topology.Route(routingKey: "a.b", job: "a.b", address: QueueAddress("q")),
        "a.b.high": Topology.Route(routingKey: "a.b.high", job: "a.b", address: QueueAddress("q", .high)),
    ]

    private func letter(
        job: String = "a.b",
        lane: Lane = .normal,
        headers: Headers = [:],
        sha256: String? = nil
    ) -> LetterRecord {
        LetterRecord(
            letterID: 1,
            jobID: JobID(),
            deathID: "attempt:1",
            job: job,
            address: QueueAddress("elsewhere", lane),
            attempts: 8,
            errorType: "e",
            errorMessage: "m",
            fingerprint: "f",
            build: "b",
            worker: "w",
            enqueuedAt: Self.now,
            failedAt: Self.now,
            state: .open,
            operationID: nil,
            bodyLength: 2,
            bodySHA256: sha256,
            headers: headers,
            payload: nil
        )
    }

    private func decide(_ letter: LetterRecord, _ rules: Replay.Rules? = nil) -> Replay.Decision {
        Replay.decide(letter, routes: routes, rules: rules ?? self.rules, now: Self.now)
    }

    @Test func `a letter goes where its job goes today, in its lane where that is in use`() {
        func address(_ lane: Lane) -> QueueAddress? {
            guard case .revive(let revival) = decide(letter(lane: lane)) else { return nil }
            return revival.address
        }
        #expect(address(.high) == QueueAddress("q", .high))
        #expect(address(.bulk) == QueueAddress("q"))
    }

    @Test func `requests, instants, attempts and the broker's notes are dropped, the rest is kept`() {
        let headers: Headers = [
            "mine": .int(1), "x-death": .list([]), "x-first-death-queue": .string("q"), HeaderName.delay: .int(5),
            HeaderName.uniqueKey: .string("k"), HeaderName.attempt: .int(7), HeaderName.readyAt: .int(1),
            HeaderName.enqueuedAt: .int(1), HeaderName.unknownSince: .int(1), HeaderName.version: .int(3),
            HeaderName.origin: .string("schedule:x@T"), HeaderName.replayOperation: .string("before"),
        ]
        guard case .revive(let revival) = decide(letter(headers: headers)) else {
            Issue.record("not revived")
            return
        }
        let expected: Headers = [
            "mine": .int(1), HeaderName.version: .int(3), HeaderName.origin: .string("replay:op"),
            HeaderName.replayOperation: .string("op"),
        ]
        #expect(revival.headers == expected)
    }

    @Test func `what cannot run is skipped with its reason`() {
        let past: Headers = [HeaderName.expiresAt: .int(Self.now.milliseconds)]
        #expect(decide(letter(headers: past)) == .skip(.expired))
        #expect(decide(letter(sha256: "")) == .skip(.oversize))
        #expect(decide(letter(job: "a.c")) == .skip(.unroutable))
        #expect(decide(letter(job: "")) == .skip(.unroutable))
    }

    @Test func `an expired letter comes back without expiry when that is asked for`() {
        let past: Headers = [HeaderName.expiresAt: .int(1)]
        guard
            case .revive(let revival) = decide(
                letter(headers: past),
                Replay.Rules(operation: "op", includesExpired: true)
            )
        else {
            Issue.record("not revived")
            return
        }
        #expect(revival.expiresAt == nil)
        #expect(revival.headers[HeaderName.expiresAt] == nil)
    }
}
