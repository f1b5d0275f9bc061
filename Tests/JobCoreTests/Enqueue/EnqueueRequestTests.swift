import Testing

@testable import JobCore

@Suite struct `Enqueue request` {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    @Test func `options are stamped`() throws {
        let id = JobID()
        let request = EnqueueRequest(
            job: "a.b",
            version: 3,
            payload: Array("{}".utf8),
            options: [.id(id), .lane(.bulk), .expires(.seconds(60)), .delay(.seconds(5)), .traceparent("00-a-b-01")]
        )
        let envelope = try request.envelope(at: Self.now)
        #expect(envelope.id == id)
        #expect(envelope.routingKey == "a.b.bulk")
        #expect(envelope.version == 3)
        #expect(envelope.attempt == 1)
        #expect(envelope.expiresAt == Self.now.advanced(by: .seconds(60)))
        #expect(envelope.enqueuedAt == Self.now)
        #expect(envelope.carried == [HeaderName.traceparent: .string("00-a-b-01")])
        #expect(request.delay == .seconds(5))
    }

    @Test(
        arguments: [
            ("a", "{}", "malformed_name"), ("a.high", "{}", "malformed_name"), ("A.b", "{}", "malformed_name"),
            ("a.b", "", "malformed_json"), ("a.b", "{", "malformed_json"),
            ("a.b", String(repeating: "[", count: 33), "malformed_too_deep"),
            ("a.b", "\"" + String(repeating: "x", count: 1 << 20) + "\"", "malformed_too_large"),
        ]
    )
    func `what no worker could take is the enqueuer's error`(name: String, payload: String, label: String) {
        let request = EnqueueRequest(job: JobName(unchecked: name), payload: Array(payload.utf8))
        #expect(throws: Malformed.self) { try request.envelope(at: Self.now) }
        do {
            _ = try request.envelope(at: Self.now)
        } catch {
            #expect(error.label == label)
        }
    }

    @Test(arguments: [Duration.seconds(Int64.max), .seconds(Int64.min), .zero])
    func `an expiry beyond all measure is one that every reader takes`(duration: Duration) throws {
        let request = EnqueueRequest(job: "a.b", payload: Array("{}".utf8), options: [.expires(duration)])
        let envelope = try request.envelope(at: Self.now)
        #expect(try Envelope(wire: envelope.wire(), receivedAt: Self.now) == envelope)
    }
}
