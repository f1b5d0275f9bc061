extension Migration {
    /// Alerts and what people did about them. Retention: `alerts` 30 days after the end, `alert_silences` 30 days after theirs.
    static let alerts = Migration(version: 6, name: "alerts") { _ in
        [
            """
            create table alerts (
                key text primary key, name text not null, labels text not null, severity text not null,
                summary text not null, cause text not null, command text not null, since bigint not null,
                last_seen bigint not null, resolved_at bigint, level bigint not null, sent_at bigint, acked_at bigint,
                acked_by text
            )
            """,
            """
            create table alert_silences (
                id text primary key, pattern text not null, until_at bigint not null, created_by text not null, reason text
            )
            """,
        ]
    }
}
