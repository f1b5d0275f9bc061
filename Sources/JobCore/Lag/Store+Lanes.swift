extension Store {
    /// Everything the store contributes to `jobctl queues`.
    package func lanes() async throws(StoreError) -> LaneRecord {
        var record = try await driver.read { session throws(StoreError) in
            var record = LaneRecord(now: try session.now())
            record.waiting = try session.waitingByLane()
            record.heads = try session.heads()
            record.samples = try session.flowSamples()
            record.taken = try session.takenByLane()
            record.brakes = Brakes(breakers: try session.breakers(), controls: try session.controls())
            record.throttles = try session.throttles()
            return record
        }
        record.routes = try await routes()
        record.dead = try await openLetters()
        record.workers = try await workers()
        record.flows = try await counts()
        record.noteHeld()
        return record
    }
}

extension SQLSession {
    fileprivate func waitingByLane() throws(StoreError) -> [QueueAddress: LaneRecord.Waiting] {
        let rows = try query(
            """
            select queue, lane, count(case when due_at > (select due_ms()) then 1 end) as waiting,
                count(case when due_at <= (select due_ms()) then 1 end) as overdue,
                (select due_ms()) - min(due_at) as late
            from waiting group by queue, lane
            """
        )
        var waiting: [QueueAddress: LaneRecord.Waiting] = [:]
        for row in rows {
            let overdue = try row.int("overdue")
            waiting[try row.address()] = LaneRecord.Waiting(
                byIntent: try row.int("waiting"),
                overdue: overdue,
                overdueBy: overdue > 0 ? .milliseconds(try row.int("late")) : nil
            )
        }
        return waiting
    }

    /// A fetched-but-not-started job counts while its process is alive: of a dead one the broker has taken it back.
    fileprivate func heads() throws(StoreError) -> [QueueAddress: LaneRecord.Head] {
        let rows = try query(
            """
            select queue, lane, delivered_ready_at, delivered_at, empty_at, sampled_at from queue_heads
            """
        )
        var heads: [QueueAddress: LaneRecord.Head] = [:]
        for row in rows {
            var head = LaneRecord.Head()
            head.deliveredReadyAt = try row.optionalInstant("delivered_ready_at")
            head.deliveredAt = try row.optionalInstant("delivered_at")
            head.emptyAt = try row.optionalInstant("empty_at")
            head.sampledAt = try row.optionalInstant("sampled_at")
            heads[try row.address()] = head
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
