/// Jobs of one name and lane that could run now and are still in a producer's database.
package struct OutboxHead: Sendable, Equatable {
    package let routingKey: String
    package let rows: Int64
    package let age: Duration
}

extension Outbox {
    /// What asks for a delay, or to be one of many, waits by intent and is no part of it. Empty where there is no outbox.
    package func heads() async throws(StoreError) -> [OutboxHead] {
        do {
            let rows = try await driver.read { session throws(StoreError) in
                try session.query(
                    """
                    select name, coalesce(options->>'lane', '') as lane, count(*) as rows,
                        \(Outbox.now) - min(at_ms) as age
                    from (select name, options, at_ms from outbox order by seq limit \(OutboxStatus.countedTo)) as oldest
                    where not options ?| array['delay_ms', 'debounce_key', 'throttle_key', 'unique_key']
                    group by 1, 2
                    """
                )
            }
            var heads: [OutboxHead] = []
            for row in rows {
                let (name, lane) = (try row.text("name"), try row.text("lane"))
                heads.append(
                    OutboxHead(
                        routingKey: lane.isEmpty ? name : "\(name).\(lane)",
                        rows: try row.int("rows"),
                        age: .milliseconds(max(0, try row.int("age")))
                    )
                )
            }
            return heads
        } catch StoreError.schema {
            return []
        }
    }
}

extension LaneRecord {
    /// They could run now: they count as what is overdue in `waiting` does.
    package mutating func note(_ heads: [OutboxHead]) {
        let addresses = Dictionary(routes.map { ($0.routingKey, $0.address) }, uniquingKeysWith: { first, _ in first })
        for head in heads {
            guard let address = addresses[head.routingKey] else { continue }
            var lane = waiting[address] ?? Waiting()
            lane.overdue += head.rows
            lane.overdueBy = max(lane.overdueBy ?? .zero, head.age)
            waiting[address] = lane
        }
    }
}
