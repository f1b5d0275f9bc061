extension Migration {
    /// What keeps a run that was taken over from writing, effects that happen once, and how far long jobs have come.
    ///
    /// Retention: marks one to three days, effects 8 to 24 days (`TurningTables`); a checkpoint goes with its job, one that
    /// was left behind after 14 days.
    static let fences = Migration(version: 3, name: "fences") { dialect in
        TurningTables.marks.names.flatMap { table in
            [
                "alter table \(table) add column generation bigint not null default 0",
                "alter table \(table) add column ended_at bigint",
            ]
        }
            + ["drop view marks", "create view marks as \(TurningTables.marks.union("select * from", where: ""))"]
            + TurningTables.effects.names.map { table in
                """
                create table \(table) (
                    job_id text not null, step text not null, result \(dialect.bytes), at_ms bigint not null,
                    primary key (job_id, step)
                )
                """
            } + [
                """
                create table checkpoints (
                    job_id text primary key, state \(dialect.bytes) not null, updated_at bigint not null
                )
                """,
                "create index checkpoints_by_age on checkpoints (updated_at)",
            ]
    }
}
