extension Migration {
    /// What slows work down on purpose. Retention: `breakers`, `queue_controls` and `limit_settings` for ever (bounded by the
    /// manifest and by hand), `breaker_counts` for ten minutes, `limit_states` until they say nothing any more,
    /// `limit_slots` until the job has ended or its holder is dead.
    static let brakes = Migration(version: 9, name: "brakes") { dialect in
        [
            """
            create table breakers (
                name text primary key, state text not null, reason text, openings bigint not null, until_at bigint,
                held bigint not null, prober text, prober_until bigint, changed_at bigint not null, queues text not null
            )
            """,
            """
            create table breaker_counts (
                name text not null, slot bigint not null, answered bigint not null, failed bigint not null,
                primary key (name, slot)
            )
            """,
            """
            create table queue_controls (
                scope text not null, name text not null, until_at bigint, reason text, actor text not null,
                operation_id text not null, at_ms bigint not null, primary key (scope, name)
            )
            """,
            """
            create table limit_states (
                id text primary key, name text not null, lkey text not null, period bigint not null, arrival bigint not null,
                used bigint not null, granted bigint not null, denied bigint not null, denied_at bigint,
                denied_for bigint, queue text not null, expires_at bigint not null
            )
            """,
            "create index limit_states_age on limit_states (expires_at)",
            "create index limit_states_name on limit_states (name)",
            """
            create table limit_slots (
                seq \(dialect.identity), name text not null, lkey text not null, job_id text not null, worker text,
                until_at bigint, at_ms bigint not null, unique (name, lkey, job_id)
            )
            """,
            "create index limit_slots_job on limit_slots (job_id)",
            "create index limit_slots_worker on limit_slots (worker) where worker is not null",
            """
            create table limit_settings (
                name text primary key, amount bigint not null, period bigint, burst bigint, actor text not null,
                operation_id text not null, at_ms bigint not null
            )
            """,
            "alter table queue_counts add column shed bigint not null default 0",
        ]
    }
}
