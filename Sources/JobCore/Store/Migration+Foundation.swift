extension Migration {
    /// What a job's whole road needs. Retention: `waiting` rows leave when promoted or cancelled, `dead_letters` stay
    /// until drained or purged, `workers` 1 day after the last heartbeat, `operations` for ever (audit),
    /// counters and routes for ever (bounded by the manifest), `probe_effects` 30 days.
    static let foundation = Migration(version: 1, name: "foundation") { dialect in
        [waiting(dialect), deadLetters(dialect), operations(dialect)].flatMap(\.self) + [
            """
            create table routes (
                routing_key text primary key, job text not null, queue text not null, lane text not null
            )
            """,
            """
            create table workers (
                id text primary key, host text not null, pid bigint not null, build text not null, state text not null,
                queues text not null, running text not null, started_at bigint not null, heartbeat_at bigint not null
            )
            """,
            """
            create table queue_heads (
                queue text not null, lane text not null, ready bigint, sampled_at bigint, empty_at bigint,
                delivered_ready_at bigint, unstarted_ready_at bigint, unstarted_at bigint, primary key (queue, lane)
            )
            """,
            """
            create table queue_counts (
                queue text not null, lane text not null, done bigint not null, retried bigint not null,
                snoozed bigint not null, dead bigint not null, replayed bigint not null, primary key (queue, lane)
            )
            """,
            """
            create table latency_counts (
                queue text not null, lane text not null, bucket bigint not null, jobs bigint not null,
                primary key (queue, lane, bucket)
            )
            """,
            """
            create table probe_effects (
                job_id text not null, attempt bigint not null, process text not null, at_ms bigint not null, note text
            )
            """,
            "create index probe_effects_job on probe_effects (job_id)",
        ]
    }

    private static func waiting(_ dialect: Dialect) -> [String] {
        [
            """
            create table waiting (
                id text primary key, version bigint not null, job text not null, queue text not null,
                lane text not null, payload \(dialect.bytes) not null, headers \(dialect.bytes) not null,
                attempt bigint not null, due_at bigint not null, reason text not null, enqueued_at bigint not null,
                expires_at bigint, dkey text unique, first_at bigint not null, last_event bigint,
                claimed_by text, claimed_until bigint, last_error text, operation_id text
            )
            """,
            "create index waiting_due on waiting (queue, lane, due_at)",
            "create index waiting_order on waiting (due_at, id)",
            "create index waiting_job on waiting (job, due_at)",
            "create index waiting_operation on waiting (operation_id) where operation_id is not null",
        ]
    }

    private static func deadLetters(_ dialect: Dialect) -> [String] {
        [
            """
            create table dead_letters (
                letter_id \(dialect.identity), job_id text not null, death_id text not null, job text not null,
                queue text not null, lane text not null, payload \(dialect.bytes) not null,
                headers \(dialect.bytes) not null, attempts bigint not null, error_type text not null,
                error_message text not null, fingerprint text not null, build text not null, worker text not null,
                enqueued_at bigint not null, failed_at bigint not null, state text not null, operation_id text,
                body_length bigint not null, body_sha256 text, unique (job_id, death_id)
            )
            """,
            "create index dead_letters_state on dead_letters (state, letter_id)",
            "create index dead_letters_queue on dead_letters (state, queue, letter_id)",
            "create index dead_letters_group on dead_letters (fingerprint, state)",
            "create index dead_letters_operation on dead_letters (operation_id) where operation_id is not null",
        ]
    }

    private static func operations(_ dialect: Dialect) -> [String] {
        [
            """
            create table operations (
                id text primary key, kind text not null, subject text not null, actor text not null, reason text,
                at_ms bigint not null, state text not null, detail \(dialect.bytes) not null
            )
            """
        ]
    }
}
