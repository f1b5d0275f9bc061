extension Migration {
    /// Replays that the loops lead, the audit's chain, and indexes by which a million letters are grouped, counted and walked in
    /// a second. Replays and audit are kept as long as `operations` is.
    static let replays = Migration(version: 11, name: "replays and audit") { dialect in
        [
            """
            create table replays (
                operation_id text primary key, state text not null, claimed_by text not null,
                claimed_until bigint not null, body \(dialect.bytes) not null
            )
            """,
            "create index replays_running on replays (operation_id) where state = 'running'",
            // The newest of an operation's letters are found without sorting a million.
            "create index dead_letters_operation_letter on dead_letters (operation_id, letter_id) where operation_id is not null",
            "drop index dead_letters_operation",
            "create index dead_letters_triage on dead_letters (state, fingerprint, build, failed_at, letter_id)",
            "create index dead_letters_lane on dead_letters (state, queue, lane)",
            "create index dead_letters_returned on dead_letters (state, fingerprint) where death_id like '%:replay:%'",
            "create index dead_letters_cause on dead_letters (fingerprint, state, letter_id)",
            "drop index dead_letters_group",
            """
            create table audit (
                seq bigint primary key, at_ms bigint not null, operation_id text not null, kind text not null,
                subject text not null, actor text not null, reason text, state text not null,
                detail \(dialect.bytes) not null, hash text not null
            )
            """,
            "create index audit_operation on audit (operation_id, seq)",
            "create table audit_head (id integer primary key, seq bigint not null, hash text not null)",
            "insert into audit_head (id, seq, hash) values (1, 0, '')",
        ]
    }
}
