extension Store {
    /// Deletes rows of a table whose `expires_at` has passed, 500 at most: a long clean-up holds nobody up.
    /// - Parameters:
    ///   - key: the table's, a constant of the code like its name.
    ///   - clock: `now_ms` or `due_ms`, by which it was written.
    /// - Returns: true when there may be more.
    func forgetExpired(of table: String, key: String, clock: String = "now_ms") async throws(StoreError) -> Bool {
        let slice = 500
        return try await driver.write { session throws(StoreError) in
            try session.execute(
                """
                delete from \(table) where \(key) in (
                    select \(key) from \(table) where expires_at < (select \(clock)()) order by expires_at limit :slice
                    \(session.dialect.skipLocked))
                """,
                ["slice": .int(slice)]
            ) == slice
        }
    }
}
