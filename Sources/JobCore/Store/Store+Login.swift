/// Whom the database takes this process for.
package struct StoreLogin: Sendable, Equatable {
    package let name: String
    package let version: String
    package let role: OperatorRole
}

extension Store {
    /// By what the database lets the login do, not by what jobs/ declares. Nil on the embedded profile, which has no logins.
    package func login() async throws(StoreError) -> StoreLogin? {
        try await driver.read { session throws(StoreError) in
            guard session.dialect == .postgres else { return nil }
            let rows = try session.query(
                """
                select current_user as name, split_part(current_setting('server_version'), ' ', 1) as version,
                    case when has_schema_privilege(current_schema(), 'create') then 'admin'
                        when has_table_privilege('waiting', 'update') then 'operator' else 'viewer' end as role
                """
            )
            return StoreLogin(
                name: try rows[0].text("name"),
                version: try rows[0].text("version"),
                role: OperatorRole(rawValue: try rows[0].text("role")) ?? .viewer
            )
        }
    }
}
