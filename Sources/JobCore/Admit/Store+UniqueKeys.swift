/// Unique keys as an operator sees them.
package struct UniqueKeyBook: Sendable, Equatable {
    package struct Key: Sendable, Equatable {
        /// The job's name and the key.
        package let name: String
        package let owner: JobID
        package let age: Duration
    }

    package let held: Int
    /// Held for over an hour by a job that neither waits nor runs: it is ready in its queue, or was taken off it by hand. The
    /// oldest, three at most.
    package let idle: [Key]
}

extension Store {
    package func uniqueKeys() async throws(StoreError) -> UniqueKeyBook {
        let running = Set(try await workers().filter { $0.state == .up }.flatMap(\.running).map(\.id))
        return try await driver.read { session throws(StoreError) in
            let held = try session.query(
                "select count(*) as held from unique_keys where expires_at > (select now_ms())"
            )
            let rows = try session.query(
                """
                select name, owner, (select now_ms()) - at_ms as age from unique_keys
                where mode <> 'window' and expires_at > (select now_ms()) and at_ms < (select now_ms()) - 3600000
                    and not exists (select 1 from waiting where waiting.id = unique_keys.owner)
                order by at_ms limit 100
                """
            )
            var idle: [UniqueKeyBook.Key] = []
            for row in rows where idle.count < 3 {
                let owner = try row.id("owner")
                guard !running.contains(owner.description) else { continue }
                idle.append(
                    UniqueKeyBook.Key(
                        name: try row.text("name"),
                        owner: owner,
                        age: .milliseconds(try row.int("age"))
                    )
                )
            }
            return UniqueKeyBook(held: Int(try held.first?.int("held") ?? 0), idle: idle)
        }
    }
}
