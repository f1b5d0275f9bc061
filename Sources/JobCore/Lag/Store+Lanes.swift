extension Store {
    /// Everything the store contributes to `jobctl queues`.
    package func lanes() async throws(StoreError) -> LaneRecord {
        var record = try await driver.read { session throws(StoreError) in
            var record = LaneRecord(now: try session.now())
            record.waiting = try session.waitingByLane()
            record.heads = try session.heads()
            return record
        }
        record.routes = try await routes()
        record.dead = try await openLetters()
        record.workers = try await workers()
        record.flows = try await counts()
        return record
    }
}

extension SQLSession {
    fileprivate func waitingByLane() throws(StoreError) -> [QueueAddress: LaneRecord.Waiting] {
        let rows = try query(
            """
            select queue, lane, count(case when due_at > (select now_ms()) then 1 end) as waiting,
                count(case when due_at <= (select now_ms()) then 1 end) as overdue, min(due_at) as next_due
            from waiting group by queue, lane
            """
        )
        var waiting: [QueueAddress: LaneRecord.Waiting] = [:]
        for row in rows {
            let overdue = try row.int("overdue")
            waiting[try row.address()] = LaneRecord.Waiting(
                byIntent: try row.int("waiting"),
                overdue: overdue,
                overdueSince: overdue > 0 ? try row.instant("next_due") : nil
            )
        }
        return waiting
    }

    /// A fetched-but-not-started job counts while its process is alive: of a dead one the broker has taken it back.
    fileprivate func heads() throws(StoreError) -> [QueueAddress: LaneRecord.Head] {
        let rows = try query(
            """
            select queue, lane, delivered_ready_at, empty_at,
                case when unstarted_at > (select now_ms()) - :gone then unstarted_ready_at end as unstarted_ready_at
            from queue_heads
            """,
            ["gone": .int(Store.goneAfter.milliseconds)]
        )
        var heads: [QueueAddress: LaneRecord.Head] = [:]
        for row in rows {
            heads[try row.address()] = LaneRecord.Head(
                deliveredReadyAt: try row.optionalInstant("delivered_ready_at"),
                emptyAt: try row.optionalInstant("empty_at"),
                unstartedReadyAt: try row.optionalInstant("unstarted_ready_at")
            )
        }
        return heads
    }
}

extension SQLRow {
    /// The columns `queue` and `lane`.
    func address() throws(StoreError) -> QueueAddress {
        QueueAddress(try text("queue"), Lane(rawValue: try text("lane")) ?? .normal)
    }
}
