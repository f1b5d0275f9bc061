extension Store {
    /// Adds to the counters of all processes.
    package func add(_ counts: [QueueAddress: FlowCounts]) async throws(StoreError) {
        guard !counts.isEmpty else { return }
        let ordered = counts.sorted { $0.key < $1.key }
        try await driver.write { session throws(StoreError) in
            try session.executeBatch(
                """
                insert into queue_counts (queue, lane, done, retried, snoozed, dead, replayed, taken, shed)
                values (:queue, :lane, :done, :retried, :snoozed, :dead, :replayed, :taken, :shed)
                on conflict (queue, lane) do update set done = queue_counts.done + excluded.done,
                    retried = queue_counts.retried + excluded.retried,
                    snoozed = queue_counts.snoozed + excluded.snoozed, dead = queue_counts.dead + excluded.dead,
                    replayed = queue_counts.replayed + excluded.replayed,
                    taken = queue_counts.taken + excluded.taken, shed = queue_counts.shed + excluded.shed
                """,
                ordered.map { address, flow in
                    [
                        "queue": .text(address.queue), "lane": .text(address.lane.rawValue), "done": .int(flow.done),
                        "retried": .int(flow.retried), "snoozed": .int(flow.snoozed), "dead": .int(flow.dead),
                        "replayed": .int(flow.replayed), "taken": .int(flow.taken),
                        "shed": .int(flow.shed),
                    ]
                }
            )
            try session.executeBatch(
                """
                insert into latency_counts (queue, lane, bucket, jobs) values (:queue, :lane, :bucket, :jobs)
                on conflict (queue, lane, bucket) do update set jobs = latency_counts.jobs + excluded.jobs
                """,
                ordered.flatMap { address, flow in
                    flow.latency.jobs.sorted { $0.key < $1.key }.map { bucket, jobs in
                        [
                            "queue": .text(address.queue), "lane": .text(address.lane.rawValue),
                            "bucket": .int(bucket), "jobs": .int(jobs),
                        ]
                    }
                }
            )
        }
    }

    package func counts() async throws(StoreError) -> [QueueAddress: FlowCounts] {
        try await driver.read { session throws(StoreError) in
            var counts: [QueueAddress: FlowCounts] = [:]
            let rows = try session.query(
                "select queue, lane, done, retried, snoozed, dead, replayed, taken, shed from queue_counts"
            )
            for row in rows {
                let address = QueueAddress(try row.text("queue"), Lane(rawValue: try row.text("lane")) ?? .normal)
                var flow = FlowCounts()
                flow.done = try row.int("done")
                flow.retried = try row.int("retried")
                flow.snoozed = try row.int("snoozed")
                flow.dead = try row.int("dead")
                flow.replayed = try row.int("replayed")
                flow.taken = try row.int("taken")
                flow.shed = try row.int("shed")
                counts[address] = flow
            }
            for row in try session.query("select queue, lane, bucket, jobs from latency_counts") {
                let address = QueueAddress(try row.text("queue"), Lane(rawValue: try row.text("lane")) ?? .normal)
                let bucket = LatencyHistogram(jobs: [Int(try row.int("bucket")): try row.int("jobs")])
                counts[address, default: FlowCounts()].latency.merge(bucket)
            }
            return counts
        }
    }
}
