extension Store {
    /// Replaces the routing table, which tells a delayed job its queue and, on the embedded profile, every publish.
    package func saveRoutes(_ topology: Topology) async throws(StoreError) {
        let wanted = topology.routes
        try await driver.write { session throws(StoreError) in
            let kept = Set(wanted.map(\.routingKey))
            for row in try session.query("select routing_key from routes") {
                let key = try row.text("routing_key")
                if !kept.contains(key) {
                    try session.execute("delete from routes where routing_key = :key", ["key": .text(key)])
                }
            }
            try session.executeBatch(
                """
                insert into routes (routing_key, job, queue, lane) values (:key, :job, :queue, :lane)
                on conflict (routing_key) do update set job = excluded.job, queue = excluded.queue, lane = excluded.lane
                """,
                wanted.map { route in
                    [
                        "key": .text(route.routingKey), "job": .text(route.job.rawValue),
                        "queue": .text(route.address.queue), "lane": .text(route.address.lane.rawValue),
                    ]
                }
            )
        }
    }

    package func routes() async throws(StoreError) -> [Topology.Route] {
        try await driver.read { session throws(StoreError) in
            var routes: [Topology.Route] = []
            for row in try session.query("select routing_key, job, queue, lane from routes order by routing_key") {
                routes.append(
                    Topology.Route(
                        routingKey: try row.text("routing_key"),
                        job: JobName(unchecked: try row.text("job")),
                        address: QueueAddress(try row.text("queue"), Lane(rawValue: try row.text("lane")) ?? .normal)
                    )
                )
            }
            return routes
        }
    }
}
