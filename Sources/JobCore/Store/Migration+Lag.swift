extension Migration {
    /// The history from which lag and rates are read. Retention: `flow_samples` until the lane is empty, at least 65 s; beyond
    /// an hour one a minute.
    static let lag = Migration(version: 5, name: "lag") { _ in
        [
            "alter table queue_counts add column taken bigint not null default 0",
            "alter table queue_heads add column delivered_at bigint",
            "alter table workers add column held text not null default '{}'",
            "alter table workers add column lost_at bigint",
            """
            create table flow_samples (
                queue text not null, lane text not null, at_ms bigint not null, ready bigint not null,
                taken bigint not null, primary key (queue, lane, at_ms)
            )
            """,
        ]
    }
}
