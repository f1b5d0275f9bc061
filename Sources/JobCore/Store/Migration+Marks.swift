extension Migration {
    /// What attempts leave behind for those who may run them again. Retention: one to three days, see `TurningTables`.
    static let marks = Migration(version: 2, name: "marks") { _ in
        TurningTables.marks.names.map { table in
            """
            create table \(table) (
                job_id text not null, run text not null, attempt bigint not null, ready_at bigint not null,
                kind text not null, worker text not null, at_ms bigint not null,
                primary key (job_id, run, attempt, ready_at, kind, worker)
            )
            """
        } + [
            // For people; the platform reads the tables, where both databases are sure to use the keys.
            "create view marks as \(TurningTables.marks.union("select * from", where: ""))"
        ]
    }
}
