import Foundation
import JobCore

/// One consumption's hold on rows of a queue, as SQL. Its statements run inside the writer's transactions.
struct Claim: Sendable {
    /// What one fetch may bring into memory, if more than one message.
    static let maximumBytes: Int64 = 4 << 20
    static let maximumCount = 500

    let queue: String
    let process: String
    let consumer: UInt64

    private var owner: SQLParameters {
        ["process": .text(process), "consumer": .int(Int64(clamping: consumer))]
    }

    /// False when the queue is not declared.
    func register(_ session: any SQLSession) throws(StoreError) -> Bool {
        let declared = try session.query(
            "select name from broker_queues where name = :queue",
            ["queue": .text(queue)]
        )
        guard !declared.isEmpty else { return false }
        var parameters = owner
        parameters["queue"] = .text(queue)
        try session.execute(
            "insert or replace into broker_consumers (process, consumer, queue) values (:process, :consumer, :queue)",
            parameters
        )
        return true
    }

    func unregister(_ session: any SQLSession) throws(StoreError) {
        try session.execute("delete from broker_consumers where process = :process and consumer = :consumer", owner)
    }

    /// The oldest ready rows, at most `free` of them and at most this consumer's fair share of a short queue.
    func fetch(_ free: Int, _ session: any SQLSession) throws(StoreError) -> [Delivery] {
        let state = try session.query(
            """
            select ready, (select count(*) from broker_consumers where queue = :queue) as consumers
            from broker_queues where name = :queue
            """,
            ["queue": .text(queue)]
        )
        guard let row = state.first, try row.int("ready") > 0 else { return [] }
        let consumers = max(1, try row.int("consumers"))
        let share = try row.int("ready") / consumers + 1
        let limit = min(Int64(clamping: free), share, Int64(Claim.maximumCount))
        guard let last = try lastSequence(limit, session) else { return [] }
        var parameters = owner
        parameters["queue"] = .text(queue)
        parameters["last"] = .int(last)
        let rows = try session.query(
            """
            update ready_messages set claimed_by = :process, consumer = :consumer
            where queue = :queue and claimed_by is null and seq <= :last
            returning seq, routing_key, message_id, type, content_type, timestamp, redelivered, headers, body
            """,
            parameters
        )
        var deliveries: [Delivery] = []
        deliveries.reserveCapacity(rows.count)
        for row in rows { deliveries.append(try delivery(row)) }
        // The order of `returning` is not defined.
        return deliveries.sorted { $0.tag.number < $1.tag.number }
    }

    /// Where the fetch ends, so that large bodies come a few at a time.
    private func lastSequence(_ limit: Int64, _ session: any SQLSession) throws(StoreError) -> Int64? {
        let rows = try session.query(
            """
            select seq, length(body) as size from ready_messages
            where queue = :queue and claimed_by is null order by seq limit :limit
            """,
            ["queue": .text(queue), "limit": .int(limit)]
        )
        var last: Int64?
        var bytes: Int64 = 0
        for row in rows {
            bytes += try row.int("size")
            if last != nil, bytes > Claim.maximumBytes { break }
            last = try row.int("seq")
        }
        return last
    }

    private func delivery(_ row: SQLRow) throws(StoreError) -> Delivery {
        let message = WireMessage(
            routingKey: try row.text("routing_key"),
            body: try row.payload("body", owner: "message_id"),
            messageID: try row.optionalText("message_id"),
            type: try row.optionalText("type"),
            contentType: try row.optionalText("content_type"),
            timestamp: try row.optionalInt("timestamp"),
            headers: HeadersCoding.decode(try row.bytes("headers"))
        )
        let number = UInt64(clamping: try row.int("seq"))
        return Delivery(
            tag: DeliveryTag(generation: consumer, number: number),
            message: message,
            redelivered: try row.int("redelivered") != 0
        )
    }

    /// The number of rows deleted: less than the tags when some are no longer ours.
    func acknowledge(_ numbers: [UInt64], _ session: any SQLSession) throws(StoreError) -> Int {
        var parameters = owner
        parameters["numbers"] = .text("[\(numbers.map(String.init).joined(separator: ","))]")
        // The unary plus keeps the lookup on `seq`.
        return try session.execute(
            """
            delete from ready_messages
            where seq in (select value from json_each(:numbers)) and +claimed_by = :process and consumer = :consumer
            """,
            parameters
        )
    }

    func giveBack(_ session: any SQLSession) throws(StoreError) {
        try session.execute(
            """
            update ready_messages set claimed_by = null, consumer = null, redelivered = 1
            where claimed_by = :process and consumer = :consumer
            """,
            owner
        )
        try unregister(session)
    }
}
