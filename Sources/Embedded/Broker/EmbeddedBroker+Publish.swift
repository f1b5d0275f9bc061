package import JobCore

extension EmbeddedBroker {
    package func publish(_ messages: [WireMessage], deadline: Duration) async -> [Result<Void, PublishError>] {
        guard !messages.isEmpty else { return [] }
        let rows = messages.map(MessageRow.init)
        do throws(StoreError) {
            let batch = try await database.write(by: .now + deadline) { session throws(StoreError) in
                var batch = PublishBatch()
                for row in rows { try batch.publish(row, session) }
                return batch
            }
            bells.ring(batch.queues)
            return batch.results
        } catch {
            return messages.map { _ in .failure(PublishError(error)) }
        }
    }
}

extension PublishError {
    init(_ error: StoreError) {
        self =
            switch error {
            case .unavailable(let text), .busy(let text): .unavailable(text)
            case .commitUnknown: .unconfirmed
            case .schema(let text), .constraint(let text), .decoding(let text), .forbidden(let text),
                .refused(let text), .sealed(let text):
                .refused(text)
            case .rolledBack, .superseded: .refused("rolled back")
            }
    }
}

/// A message ready to be bound: headers are encoded before the writer's thread sees it.
private struct MessageRow: Sendable {
    let routingKey: String
    let isTooLarge: Bool
    let parameters: SQLParameters

    init(_ message: WireMessage) {
        routingKey = message.routingKey
        isTooLarge = message.body.count > PayloadLimits.maximumBytes
        parameters = [
            "routing_key": .text(message.routingKey),
            "message_id": .text(message.messageID),
            "type": .text(message.type),
            "content_type": .text(message.contentType),
            "timestamp": message.timestamp.map { .int($0) } ?? .null,
            "ready_at": MessageRow.readyAt(message).map { .int($0) } ?? .null,
            "headers": .bytes(HeadersCoding.encode(message.headers)),
            "body": .payload(message.body, owner: message.messageID ?? ""),
        ]
    }

    /// As every reader of the wire contract takes it; null lets the store's clock decide.
    private static func readyAt(_ message: WireMessage) -> Int64? {
        if case .int(let milliseconds)? = message.headers[HeaderName.readyAt] { return milliseconds }
        guard let seconds = message.timestamp else { return nil }
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? nil : milliseconds
    }
}

/// One call's messages inside one transaction.
private struct PublishBatch: Sendable {
    private(set) var results: [Result<Void, PublishError>] = []
    private(set) var queues: Set<String> = []
    private var routes: [String: String] = [:]
    /// Messages each queue still takes; nil without a limit.
    private var room: [String: Int64?] = [:]

    mutating func publish(_ row: MessageRow, _ session: any SQLSession) throws(StoreError) {
        results.append(try place(row, session))
    }

    private mutating func place(
        _ row: MessageRow,
        _ session: any SQLSession
    ) throws(StoreError) -> Result<Void, PublishError> {
        guard !row.isTooLarge else {
            return .failure(.refused("the body is larger than \(PayloadLimits.maximumBytes) bytes"))
        }
        guard let queue = try queue(for: row.routingKey, session), let room = try room(of: queue, session) else {
            return .failure(.unroutable(row.routingKey))
        }
        if let left = room {
            guard left > 0 else { return .failure(.queueFull) }
            self.room[queue] = .some(left - 1)
        }
        var parameters = row.parameters
        parameters["queue"] = .text(queue)
        try session.execute(
            """
            insert into ready_messages
                (queue, routing_key, message_id, type, content_type, timestamp, ready_at, headers, body)
            values (:queue, :routing_key, :message_id, :type, :content_type, :timestamp,
                coalesce(:ready_at, now_ms()), :headers, :body)
            """,
            parameters
        )
        queues.insert(queue)
        return .success(())
    }

    private mutating func queue(for routingKey: String, _ session: any SQLSession) throws(StoreError) -> String? {
        if let known = routes[routingKey] { return known }
        let rows = try session.query(
            "select queue, lane from routes where routing_key = :routing_key",
            ["routing_key": .text(routingKey)]
        )
        guard let row = rows.first else { return nil }
        let lane = Lane(rawValue: try row.text("lane")) ?? .normal
        let name = QueueAddress(try row.text("queue"), lane).name
        routes[routingKey] = name
        return name
    }

    /// Nil when the queue is not declared; `.some(nil)` when it takes any number.
    private mutating func room(of queue: String, _ session: any SQLSession) throws(StoreError) -> Int64?? {
        if let known = room[queue] { return known }
        let rows = try session.query(
            "select maximum_length - ready as room from broker_queues where name = :name",
            ["name": .text(queue)]
        )
        guard let row = rows.first else { return nil }
        let left = try row.optionalInt("room")
        room[queue] = .some(left)
        return .some(left)
    }
}
