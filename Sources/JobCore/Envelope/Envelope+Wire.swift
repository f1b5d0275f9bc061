extension Envelope {
    /// Writes the wire form. `type`, version, attempt and both instants are always there, so that no reader has to guess.
    package func wire() -> WireMessage {
        var headers = carried
        headers[HeaderName.version] = .int(Int64(version))
        headers[HeaderName.attempt] = .int(Int64(attempt))
        headers[HeaderName.enqueuedAt] = .int(enqueuedAt.milliseconds)
        headers[HeaderName.readyAt] = .int(readyAt.milliseconds)
        if let expiresAt { headers[HeaderName.expiresAt] = .int(expiresAt.milliseconds) }
        if let origin { headers[HeaderName.origin] = .string(origin) }
        return WireMessage(
            routingKey: routingKey,
            body: payload,
            messageID: id.description,
            type: job.rawValue,
            contentType: "application/json",
            timestamp: readyAt.milliseconds / 1000,
            headers: headers
        )
    }

    /// Reads a message. One without `message_id` gets a fresh id, and one without instants is taken as born now:
    /// the least a producer in any language must send is a routing key and JSON.
    package init(wire message: WireMessage, receivedAt: Timestamp) throws(Malformed) {
        let (job, lane) = try Envelope.destination(message)
        var reader = HeaderReader(message.headers)
        let stamped = message.timestamp.flatMap(Envelope.instant(ofSeconds:))
        let enqueuedAt = try reader.instant(HeaderName.enqueuedAt) ?? stamped ?? receivedAt
        let readyAt = try reader.instant(HeaderName.readyAt) ?? stamped ?? receivedAt
        let version = try reader.integer(HeaderName.version, in: 1...1_000_000) ?? 1
        let attempt = try reader.integer(HeaderName.attempt, in: 1...1_000_000) ?? 1
        let expiresAt = try reader.instant(HeaderName.expiresAt)
        let origin = try reader.text(HeaderName.origin)
        try reader.checkRequests()
        self.init(
            id: try Envelope.identity(message),
            job: job,
            lane: lane,
            payload: message.body,
            version: Int(version),
            attempt: Int(attempt),
            enqueuedAt: enqueuedAt,
            readyAt: readyAt,
            expiresAt: expiresAt,
            origin: origin,
            carried: reader.rest
        )
    }

    private static func destination(_ message: WireMessage) throws(Malformed) -> (JobName, Lane?) {
        var key = message.routingKey[...]
        var lane: Lane?
        if let dot = key.utf8.lastIndex(of: UInt8(ascii: ".")),
            let named = Lane(rawValue: String(key[key.utf8.index(after: dot)...]))
        {
            lane = named
            key = key[..<dot]
        }
        guard let job = JobName(key) else {
            throw Malformed("malformed_routing_key", "the routing key is not a job name")
        }
        if let type = message.type, type != job.rawValue {
            throw Malformed("malformed_type", "type contradicts the routing key \(job.rawValue)")
        }
        if let contentType = message.contentType, !isJSON(contentType) {
            throw Malformed("malformed_content_type", "content_type must be application/json")
        }
        return (job, lane)
    }

    /// Parameters (`; charset=utf-8`) are of no account; `application/jsonl` is something else.
    private static func isJSON(_ contentType: String) -> Bool {
        if contentType == "application/json" { return true }
        let type = contentType.prefix { $0 != ";" }
        return type.lowercased().filter { $0 != " " } == "application/json"
    }

    /// Nil outside the range of instants: some producers put milliseconds where AMQP has seconds.
    private static func instant(ofSeconds seconds: Int64) -> Timestamp? {
        (0...253_402_300_799).contains(seconds) ? Timestamp(milliseconds: seconds * 1000) : nil
    }

    private static func identity(_ message: WireMessage) throws(Malformed) -> JobID {
        guard let text = message.messageID else { return JobID() }
        guard let id = JobID(text) else { throw Malformed("malformed_message_id", "message_id must be a UUID") }
        return id
    }
}

/// Takes the contract's headers out of a table and leaves what is carried along.
private struct HeaderReader {
    var rest: Headers

    init(_ headers: Headers) {
        let hasBookkeeping = headers.keys.contains(where: HeaderName.isBrokerBookkeeping)
        rest = hasBookkeeping ? headers.filter { !HeaderName.isBrokerBookkeeping($0.key) } : headers
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int64>) throws(Malformed) -> Int64? {
        guard let value = rest.removeValue(forKey: name) else { return nil }
        guard case .int(let number) = value, range.contains(number) else {
            throw .header(name, expected: "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Up to the year 9999, so that arithmetic on instants stays far from overflow.
    mutating func instant(_ name: String) throws(Malformed) -> Timestamp? {
        try integer(name, in: 0...Timestamp.latest.milliseconds).map(Timestamp.init(milliseconds:))
    }

    mutating func text(_ name: String) throws(Malformed) -> String? {
        guard let value = rest.removeValue(forKey: name) else { return nil }
        guard case .string(let text) = value, text.utf8.count <= 512 else {
            throw .header(name, expected: "a string of at most 512 bytes")
        }
        return text
    }

    /// The requests stay among the carried headers until they are acted on; here only their form is checked.
    func checkRequests() throws(Malformed) {
        if rest.isEmpty { return }
        var copy = self
        let year: ClosedRange<Int64> = 0...31_622_400_000
        for name in [
            HeaderName.delay, HeaderName.debounce, HeaderName.debounceMax, HeaderName.throttle, HeaderName.unique,
        ] {
            _ = try copy.integer(name, in: year)
        }
        for name in [HeaderName.debounceKey, HeaderName.throttleKey, HeaderName.uniqueKey, HeaderName.replayOperation] {
            _ = try copy.text(name)
        }
        if let mode = try copy.text(HeaderName.uniqueMode), UniqueMode(rawValue: mode) == nil {
            throw .header(HeaderName.uniqueMode, expected: "until_started, until_done or window")
        }
        if let leading = rest[HeaderName.debounceLeading] {
            guard case .bool = leading else { throw .header(HeaderName.debounceLeading, expected: "a boolean") }
        }
        if Admission.isAsked(by: rest) { _ = try Admission(rest) }
    }
}
