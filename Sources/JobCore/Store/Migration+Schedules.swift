extension Migration {
    /// Schedules and who leads. Retention: `schedules` and `leases` stay, bounded by the manifest; `schedule_fires` 400 days
    /// after the instant; `loops` 1 day after the last sign.
    static let schedules = Migration(version: 4, name: "schedules") { _ in
        [
            """
            create table leases (
                name text primary key, holder text not null, token bigint not null, acquired_at bigint not null,
                expires_at bigint not null
            )
            """,
            """
            create table schedules (
                name text primary key, cron text not null, zone text not null, since bigint not null,
                watermark bigint not null, missed bigint not null, paused_at bigint, paused_by text, paused_reason text
            )
            """,
            // The key makes a fire exact: whoever comes second changes nothing.
            """
            create table schedule_fires (
                schedule text not null, fire_at bigint not null, kind text not null, state text not null,
                job_id text not null, at_ms bigint not null, finished_at bigint, run_ms bigint, error text,
                cancel_at bigint, operation_id text, primary key (schedule, fire_at)
            )
            """,
            "create unique index schedule_fires_job on schedule_fires (job_id)",
            """
            create index schedule_fires_open on schedule_fires (schedule, fire_at) where state in ('fired', 'queued')
            """,
            "create index schedule_fires_cancel on schedule_fires (cancel_at) where cancel_at is not null",
            """
            create table loops (
                name text not null, process text not null, host text not null, pid bigint not null,
                leads bigint not null, at_ms bigint not null, worked_at bigint, error text,
                primary key (name, process)
            )
            """,
        ]
    }
}
