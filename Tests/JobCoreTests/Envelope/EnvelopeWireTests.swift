import Testing

@testable import JobCore

@Suite struct `Envelope on the wire` {
    static let received = Timestamp(milliseconds: 1_800_000_000_000)

    static func message(_ key: String = "venue.sync", _ headers: Headers = [:]) -> WireMessage {
        WireMessage(routingKey: key, body: Array("{}".utf8), headers: headers)
    }

    @Test func `comes back as it was sent`() throws {
        let envelope = Envelope(
            id: JobID(),
            job: "venue.sync",
            lane: .bulk,
            payload: Array(#"{"venue_id":42}"#.utf8),
            version: 3,
            attempt: 4,
            enqueuedAt: Timestamp(milliseconds: 1_700_000_000_123),
            readyAt: Timestamp(milliseconds: 1_700_000_005_456),
            expiresAt: Timestamp(milliseconds: 1_700_000_900_000),
            origin: "schedule:nightly@T",
            carried: [
                "traceparent": .string("00-a-b-01"), "x-job-delay-ms": .int(5), "mine": .list([.null, .double(1)]),
            ]
        )
        let wire = envelope.wire()
        #expect(wire.routingKey == "venue.sync.bulk")
        #expect(wire.timestamp == 1_700_000_005)
        #expect(try Envelope(wire: wire, receivedAt: Self.received) == envelope)
    }

    @Test func `the least a producer must send is enough`() throws {
        let envelope = try Envelope(wire: Self.message(), receivedAt: Self.received)
        #expect(envelope.version == 1)
        #expect(envelope.attempt == 1)
        #expect(envelope.lane == nil)
        #expect(envelope.enqueuedAt == Self.received)
        #expect(envelope.readyAt == Self.received)
    }

    @Test(
        arguments: [
            (nil, 1_800_000_000_000), (1_700_000_000, 1_700_000_000_000), (0, 0),
            (1_700_000_000_000, 1_800_000_000_000), (-1, 1_800_000_000_000), (Int64.max, 1_800_000_000_000),
            (Int64.min, 1_800_000_000_000),
        ] as [(Int64?, Int64)]
    )
    func `a timestamp that cannot be one counts as none`(seconds: Int64?, expected: Int64) throws {
        var message = Self.message()
        message.timestamp = seconds
        let envelope = try Envelope(wire: message, receivedAt: Self.received)
        #expect(envelope.readyAt.milliseconds == expected)
        #expect(envelope.enqueuedAt.milliseconds == expected)
    }

    @Test(arguments: ["application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ;x"])
    func `JSON is JSON with any parameter`(contentType: String) {
        var message = Self.message()
        message.contentType = contentType
        #expect(throws: Never.self) { try Envelope(wire: message, receivedAt: Self.received) }
    }

    @Test(arguments: ["application/jsonl", "application/json-patch+json", "text/json", ""])
    func `another content type is malformed`(contentType: String) {
        var message = Self.message()
        message.contentType = contentType
        #expect(label(of: message) == "malformed_content_type")
    }

    @Test(arguments: [
        "", "venue", "venue.", ".sync", "venue.high", "Venue.sync", "venue.sync.high.bulk", "venue..sync",
        "a.b.c.d.e.f.g",
    ])
    func `a routing key that is no job name is malformed`(key: String) {
        #expect(label(of: Self.message(key)) == "malformed_routing_key")
    }

    @Test func `a type or an id that contradicts is malformed`() {
        var message = Self.message("venue.sync.high")
        message.type = "venue.sync.high"
        #expect(label(of: message) == "malformed_type")
        message.type = "venue.sync"
        message.messageID = "not-a-uuid"
        #expect(label(of: message) == "malformed_message_id")
    }

    @Test(
        arguments: [
            ("x-job-version", .int(0)), ("x-job-version", .string("1")), ("x-job-attempt", .int(-1)),
            ("x-job-attempt", .int(.max)), ("x-job-attempt", .double(1)), ("x-job-ready-at", .int(-1)),
            ("x-job-ready-at", .int(.max)), ("x-job-enqueued-at", .bool(true)), ("x-job-expires-at", .string("soon")),
            ("x-job-delay-ms", .int(-5)), ("x-job-delay-ms", .int(.max)), ("x-job-debounce-ms", .null),
            ("x-job-debounce-leading", .int(1)), ("x-job-unique-mode", .string("always")),
            ("x-job-unique-key", .bytes([1])),
            ("x-job-origin", .string(String(repeating: "x", count: 513))),
        ] as [(String, HeaderValue)]
    )
    func `a header with a bad value is malformed`(name: String, value: HeaderValue) {
        #expect(label(of: Self.message("venue.sync", [name: value])) == "malformed_header")
    }

    @Test func `broker bookkeeping is dropped, a stranger's headers stay`() throws {
        let headers: Headers = [
            "x-death": .list([.table(["count": .int(3)])]), "x-first-death-queue": .string("q"),
            "x-last-death-reason": .string("rejected"), "x-delivery-count": .int(7), "x-job-future": .int(1),
            "mine": .null,
        ]
        let envelope = try Envelope(wire: Self.message("venue.sync", headers), receivedAt: Self.received)
        #expect(envelope.carried == ["x-job-future": .int(1), "mine": .null])
    }

    private func label(of message: WireMessage) -> String? {
        do throws(Malformed) {
            _ = try Envelope(wire: message, receivedAt: Self.received)
            return nil
        } catch {
            return error.label
        }
    }
}
