extension Migration {
    /// Jobs that run as one, and jobs that are the only one. Retention: `debounces` an hour after the last run of the key;
    /// `unique_keys` until the job has ended, or its time has passed.
    static let admission = Migration(version: 7, name: "admission") { _ in
        [
            """
            create table debounces (
                dkey text primary key, last_event bigint, last_id text, generation text, window_end bigint,
                expires_at bigint not null
            )
            """,
            "create index debounces_age on debounces (expires_at)",
            """
            create table unique_keys (
                name text primary key, owner text not null, mode text not null, at_ms bigint not null,
                expires_at bigint not null
            )
            """,
            "create index unique_keys_owner on unique_keys (owner)",
            "create index unique_keys_age on unique_keys (expires_at)",
            "alter table waiting add column superseded_by text",
            "create index waiting_superseded on waiting (id) where superseded_by is not null",
            "create index waiting_claims on waiting (claimed_by) where claimed_by is not null",
        ]
    }
}
