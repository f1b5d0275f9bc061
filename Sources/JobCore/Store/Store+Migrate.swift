package struct MigrationPlan: Sendable, Equatable {
    /// The newest step the store has; 0 for an empty database.
    package let current: Int
    /// Steps still to apply, oldest first.
    package let pending: [Step]

    /// The plan for a store that does not exist.
    package static var nothingYet: MigrationPlan { MigrationPlan(above: 0) }

    init(above current: Int) {
        self.current = current
        pending = Migration.all.filter { $0.version > current }.map { Step(version: $0.version, name: $0.name) }
    }

    package struct Step: Sendable, Equatable {
        package let version: Int
        package let name: String
    }
}

extension Store {
    /// What `migrateSchema` would do. Changes nothing, also on an empty database.
    package func migrationPlan() async throws(StoreError) -> MigrationPlan {
        let current: Int
        do {
            current = try await driver.read { session throws(StoreError) in
                let rows = try session.query("select coalesce(max(version), 0) as version from schema_migrations")
                return try rows.first.map { row throws(StoreError) in Int(try row.int("version")) } ?? 0
            }
        } catch StoreError.schema {
            current = 0
        }
        return MigrationPlan(above: current)
    }

    /// Applies the missing steps in one transaction each; `extra` are the driver's own tables, made where missing.
    package func migrateSchema(extra: [String] = []) async throws(StoreError) {
        try await driver.migrate { session throws(StoreError) in
            for statement in session.dialect.prelude + extra { try session.execute(statement) }
            try session.execute(
                """
                create table if not exists schema_migrations (
                    version bigint primary key, name text not null, minimum_reader bigint not null, at_ms bigint not null
                )
                """
            )
            let rows = try session.query("select coalesce(max(version), 0) as version from schema_migrations")
            let current = try rows.first?.int("version") ?? 0
            for migration in Migration.all where Int64(migration.version) > current {
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
        let (current, minimumReader) = try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                """
                select coalesce(max(version), 0) as version, coalesce(max(minimum_reader), 0) as minimum_reader
                from schema_migrations
                """
            )
            guard let row = rows.first else { return (Int64(0), Int64(0)) }
            return (try row.int("version"), try row.int("minimum_reader"))
        }
        guard current >= Int64(needed) else {
            throw .schema("the store is at schema \(current), this build needs \(needed): run `jobctl migrate apply`")
        }
        guard minimumReader <= Int64(needed) else {
            throw .schema(
                "the store needs a build that reads schema \(minimumReader), this one reads \(needed): deploy it"
            )
        }
    }
}
