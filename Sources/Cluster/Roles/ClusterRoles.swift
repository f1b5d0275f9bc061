package import JobCore

/// Viewer, operator and admin as roles of PostgreSQL. Logins and passwords are a DBA's; here they become members.
package struct ClusterRoles: Sendable {
    private let grants: DatabaseGrants
    private let store: Store
    private let declared: RoleDeclaration

    package init(_ declared: RoleDeclaration, schema: String, store: Store) {
        self.declared = declared
        self.store = store
        grants = DatabaseGrants(schema: schema)
    }

    /// What is missing; nothing where nobody declares roles. A login that is not there must be made by hand, since its
    /// password is nobody's business here.
    package func plan() async throws(StoreError) -> [TopologyChange] {
        guard !declared.isEmpty else { return [] }
        let (grants, declared) = (grants, declared)
        return try await store.driver.read { session throws(StoreError) in
            let tables = try session.tables(of: grants.schema)
            let known = try session.roles()
            var changes: [TopologyChange] = []
            for role in OperatorRole.allCases where declared[role]?.isEmpty == false {
                let group = grants.group(role)
                var sql: [String] = known.contains(group) ? [] : ["create role \(grants.quoted(group)) nologin"]
                let isComplete = known.contains(group) ? try !session.lacks(group, role, grants, tables) : false
                if !isComplete { sql += grants.statements(role, tables) }
                if !sql.isEmpty {
                    changes.append(
                        TopologyChange(
                            known.contains(group) ? .update : .create,
                            kind: "role",
                            name: group,
                            detail: "\(sql.count) statements",
                            sql: sql
                        )
                    )
                }
                let members = try session.members(of: group)
                for login in declared[role] ?? [] where !members.contains(login) {
                    let isThere = known.contains(login)
                    let command = "psql: create role \(grants.quoted(login)) login password '…'; then apply again"
                    changes.append(
                        TopologyChange(
                            .create,
                            kind: "member",
                            name: login,
                            detail: "of \(group)",
                            command: isThere ? nil : command,
                            sql: isThere ? ["grant \(grants.quoted(group)) to \(grants.quoted(login))"] : []
                        )
                    )
                }
            }
            return changes
        }
    }

    /// Names come from the declarations' own form and from the catalogue, quoted: PostgreSQL takes no parameters here.
    package func apply(_ changes: [TopologyChange]) async throws(StoreError) {
        let statements = changes.filter { ["role", "member"].contains($0.kind) }.flatMap(\.sql)
        guard !statements.isEmpty else { return }
        try await store.driver.write { session throws(StoreError) in
            for statement in statements { try session.execute(statement) }
        }
    }
}

extension SQLSession {
    fileprivate func tables(of schema: String) throws(StoreError) -> [DatabaseGrants.Table] {
        let rows = try query(
            """
            select cast(c.relname as text) as name,
                cast(array_to_string(array(select a.attname from pg_attribute as a where a.attrelid = c.oid
                    and a.attnum > 0 and not a.attisdropped order by a.attnum), ',') as text) as columns
            from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
            where n.nspname = :schema and c.relkind in ('r', 'p') order by c.relname
            """,
            ["schema": .text(schema)]
        )
        return try rows.map { row throws(StoreError) in
            let name = try row.text("name")
            return DatabaseGrants.Table(
                name: name,
                columns: try row.text("columns").split(separator: ",").map(String.init),
                isPlatforms: Store.platformTables.contains(name)
            )
        }
    }

    fileprivate func roles() throws(StoreError) -> Set<String> {
        var names: Set<String> = []
        for row in try query("select cast(rolname as text) as name from pg_roles") {
            names.insert(try row.text("name"))
        }
        return names
    }

    fileprivate func members(of group: String) throws(StoreError) -> Set<String> {
        let rows = try query(
            """
            select cast(member.rolname as text) as name from pg_auth_members as m
            join pg_roles as member on member.oid = m.member join pg_roles as owner on owner.oid = m.roleid
            where owner.rolname = :group
            """,
            ["group": .text(group)]
        )
        return Set(try rows.map { row throws(StoreError) in try row.text("name") })
    }

    /// True when the group has not all that it is to have.
    fileprivate func lacks(
        _ group: String,
        _ role: OperatorRole,
        _ grants: DatabaseGrants,
        _ tables: [DatabaseGrants.Table]
    ) throws(StoreError) -> Bool {
        for table in tables {
            for (privileges, columns) in grants.grants(role, table) {
                for privilege in privileges {
                    let rows = try query(
                        """
                        select case when (case when cast(:columns as text) = ''
                                then has_table_privilege(cast(:group as name), cast(:table as text), cast(:privilege as text))
                                else (select coalesce(bool_and(has_column_privilege(cast(:group as name),
                                        cast(:table as text), name, cast(:privilege as text))), true)
                                    from unnest(string_to_array(cast(:columns as text), ',')) as name) end)
                            then 1 else 0 end as has
                        """,
                        [
                            "group": .text(group),
                            "table": .text("\(grants.quoted(grants.schema)).\(grants.quoted(table.name))"),
                            "privilege": .text(privilege.rawValue),
                            "columns": .text(columns?.joined(separator: ",") ?? ""),
                        ]
                    )
                    if try rows[0].int("has") == 0 { return true }
                }
            }
        }
        return false
    }
}
