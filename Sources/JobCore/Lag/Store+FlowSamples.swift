extension Store {
    /// Lanes are sampled this often: twice in the five seconds within which lag is to be true.
    package static let samplePeriod: Duration = .milliseconds(2500)
    /// A sample older than this is made good by whoever notices.
    package static let sampleStale: Duration = .milliseconds(7500)

    /// Writes down what the lanes hold, unless another process has just done so. First it takes back what processes had
    /// that have died: the broker has it again.
    /// - Returns: false when another process was first.
    @discardableResult
    package func sample(_ depths: [(QueueAddress, Int)]) async throws(StoreError) -> Bool {
        try await driver.write { session throws(StoreError) in
            let last = try session.query("select max(sampled_at) as at, (select now_ms()) as now from queue_heads")
                .first
            guard let last else { return false }
            let now = try last.instant("now")
            if let at = try last.optionalInstant("at"), now.duration(since: at) < Store.samplePeriod / 2 {
                return false
            }
            try session.takeBackFromTheDead()
            let parameters = depths.sorted { $0.0 < $1.0 }.map { address, ready -> SQLParameters in
                [
                    "queue": .text(address.queue), "lane": .text(address.lane.rawValue), "ready": .int(ready),
                    "now": .instant(now),
                ]
            }
            try session.executeBatch(
                """
                insert into flow_samples (queue, lane, at_ms, ready, taken)
                values (:queue, :lane, :now, :ready, coalesce(
                    (select taken from queue_counts where queue = :queue and lane = :lane), 0))
                on conflict (queue, lane, at_ms) do nothing
                """,
                parameters
            )
            try session.executeBatch(
                """
                insert into queue_heads (queue, lane, ready, sampled_at, empty_at)
                values (:queue, :lane, :ready, :now, case when :ready = 0 then cast(:now as bigint) end)
                on conflict (queue, lane) do update set ready = excluded.ready, sampled_at = excluded.sampled_at,
                    empty_at = coalesce(excluded.empty_at, queue_heads.empty_at)
                """,
                parameters
            )
            try session.forgetSamples(now)
            return true
        }
    }
}

extension SQLSession {
    /// What the lane needs: back to when it was last empty, and the window of its rates.
    fileprivate func forgetSamples(_ now: Timestamp) throws(StoreError) {
        try execute(
            """
            delete from flow_samples where at_ms < :edge and at_ms < coalesce(
                (select empty_at from queue_heads
                    where queue_heads.queue = flow_samples.queue and queue_heads.lane = flow_samples.lane), 0)
            """,
            ["edge": .instant(now.advanced(by: .zero - FlowLedger.rateWindow - .seconds(5)))]
        )
        guard now.milliseconds / 2500 % 24 == 0 else { return }
        try execute(
            "delete from flow_samples where at_ms < :edge and at_ms / 2500 % 24 <> 0",
            ["edge": .instant(now.advanced(by: .seconds(-3600)))]
        )
    }

    fileprivate func takeBackFromTheDead() throws(StoreError) {
        let rows = try query(
            """
            select id, held from workers
            where state <> 'gone' and lost_at is null and heartbeat_at < (select now_ms()) - :gone
            """,
            ["gone": .int(Store.goneAfter.milliseconds)]
        )
        for row in rows {
            let held = HeldDeliveries.read(try row.text("held"))
            try executeBatch(
                "update queue_counts set taken = taken - :count where queue = :queue and lane = :lane",
                held.lanes.map { name, lane in
                    let address = QueueAddress(brokerQueue: name)
                    return [
                        "count": .int(lane.count), "queue": .text(address.queue),
                        "lane": .text(address.lane.rawValue),
                    ]
                }
            )
            try execute(
                "update workers set lost_at = (select now_ms()) where id = :id",
                ["id": .text(try row.text("id"))]
            )
        }
    }

    func flowSamples() throws(StoreError) -> [QueueAddress: [FlowSample]] {
        var samples: [QueueAddress: [FlowSample]] = [:]
        for row in try query("select queue, lane, at_ms, ready, taken from flow_samples order by queue, lane, at_ms") {
            samples[try row.address(), default: []].append(
                FlowSample(at: try row.instant("at_ms"), ready: try row.int("ready"), taken: try row.int("taken"))
            )
        }
        return samples
    }

    func takenByLane() throws(StoreError) -> [QueueAddress: Int64] {
        var taken: [QueueAddress: Int64] = [:]
        for row in try query("select queue, lane, taken from queue_counts") {
            taken[try row.address()] = try row.int("taken")
        }
        return taken
    }
}
