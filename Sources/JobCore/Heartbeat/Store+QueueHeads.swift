extension Store {
    /// Keeps the newest depth of each lane, and since when it has not been empty.
    package func saveDepths(_ depths: [(QueueAddress, Int)]) async throws(StoreError) {
        _ = try await driver.write { session throws(StoreError) in
            try session.executeBatch(
                """
                insert into queue_heads (queue, lane, ready, sampled_at, empty_at)
                values (:queue, :lane, :ready, (select now_ms()), case when :ready = 0 then (select now_ms()) end)
                on conflict (queue, lane) do update set ready = excluded.ready, sampled_at = excluded.sampled_at,
                    empty_at = coalesce(excluded.empty_at, queue_heads.empty_at)
                """,
                depths.map { address, ready in
                    [
                        "queue": .text(address.queue), "lane": .text(address.lane.rawValue), "ready": .int(ready),
                    ]
                }
            )
        }
    }
}
