extension Migration {
    /// Who may enqueue over HTTP, and what was answered. Retention: `api_keys` stay (audit); `enqueue_requests` 24 hours.
    static let http = Migration(version: 8, name: "http") { _ in
        [
            """
            create table api_keys (
                id text primary key, name text not null, hash text not null, patterns text not null, reads bigint not null,
                created_at bigint not null, expires_at bigint, revoked_at bigint, last_used_at bigint
            )
            """,
            """
            create table enqueue_requests (
                name text primary key, fingerprint text not null, job_id text not null, result text, other_id text,
                began_at bigint not null, expires_at bigint not null
            )
            """,
            "create index enqueue_requests_age on enqueue_requests (expires_at)",
        ]
    }
}
