extension Migration {
    /// What operators ask of single processes, for how long a limit set by hand holds, and payloads before they were edited.
    /// Retention: `letter_originals` for thirty days; columns as their tables.
    static let operators = Migration(version: 10, name: "operators") { dialect in
        [
            "alter table workers add column drain_at bigint",
            "alter table limit_settings add column until_at bigint",
            """
            create table letter_originals (
                letter_id bigint not null, operation_id text not null, payload \(dialect.bytes) not null,
                body_length bigint not null, at_ms bigint not null, primary key (letter_id, operation_id)
            )
            """,
            "create index letter_originals_operation on letter_originals (operation_id)",
        ]
    }
}
