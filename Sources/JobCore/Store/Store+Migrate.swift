package struct MigrationPlan: Sendable, Equatable {
    /// The newest of the platform's own steps that the store has; 0 for an empty database.
    package let current: Int
    /// Steps still to apply, oldest first.
    package let pending: [Step]

    /// The plan for a store that does not exist.
    package static func nothingYet(_ families: [Migration]) -> MigrationPlan {
        MigrationPlan(of: Migration.all + families, applied: [])
    }

    init(of migrations: [Migration], applied: Set<Int>) {
        current = applied.filter { $0 < Migration.firstOfFamilies }.max() ?? 0
        pending = migrations.filter { !applied.contains($0.version) }.map { Step(version: $0.version, name: $0.name) }
    }

    package struct Step: Sendable, Equatable {
        package let version: Int
        package let name: String
    }
}

extension Store {
    /// What `migrateSchema` would do. Changes nothing, also on an empty database.
    package func migrationPlan() async throws(StoreError) -> MigrationPlan {
        let applied: Set<Int>
        do {
            applied = try await driver.read { session throws(StoreError) in try session.appliedMigrations() }
        } catch StoreError.schema {
            applied = []
        }
        return MigrationPlan(of: migrations, applied: applied)
    }

    /// Applies the missing steps in one transaction each; `extra` are the driver's own tables, made where missing.
    package func migrateSchema(extra: [String] = []) async throws(StoreError) {
        try await driver.migrate { [migrations] session throws(StoreError) in
            for statement in session.dialect.prelude + extra { try session.execute(statement) }
            try session.execute(
                """
                create table if not exists schema_migrations (
                    version bigint primary key, name text not null, minimum_reader bigint not null, at_ms bigint not null
                )
                """
            )
            let applied = try session.appliedMigrations()
            for migration in migrations where !applied.contains(migration.version) {
                for statement in migration.statements(session.dialect) { try session.execute(statement) }
                try session.execute(
                    """
                    insert into schema_migrations (version, name, minimum_reader, at_ms)
                    values (:version, :name, 1, now_ms())
                    """,
                    ["version": .int(migration.version), "name": .text(migration.name)]
                )
            }
        }
    }

    /// Refuses a store that this build cannot read, with the command that mends it.
    package func checkSchema() async throws(StoreError) {
        let needed = Migration.all.map(\.version).max() ?? 0
        let (applied, minimumReader) = try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                "select coalesce(max(minimum_reader), 0) as minimum_reader from schema_migrations"
            )
            return (try session.appliedMigrations(), try rows.first?.int("minimum_reader") ?? 0)
        }
        let plan = MigrationPlan(of: migrations, applied: applied)
        guard plan.pending.isEmpty else {
            let steps = plan.pending.map(\.name).joined(separator: ", ")
            throw .schema(
                "the store is at schema \(plan.current), this build needs \(needed) (\(steps)): run `jobctl migrate apply`"
            )
        }
        guard minimumReader <= Int64(needed) else {
            throw .schema(
                "the store needs a build that reads schema \(minimumReader), this one reads \(needed): deploy it"
            )
        }
    }
}

extension SQLSession {
    fileprivate func appliedMigrations() throws(StoreError) -> Set<Int> {
        var applied: Set<Int> = []
        for row in try query("select version from schema_migrations") { applied.insert(Int(try row.int("version"))) }
        return applied
    }
}
