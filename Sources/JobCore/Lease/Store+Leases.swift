/// The right to do what only one process may do at a time. Whatever is written under it says its token, and is refused
/// once another holder has got a higher one.
package struct Lease: Sendable, Hashable {
    package let name: String
    /// Rises with each holder.
    package let token: Int64
}

/// A lease as an operator sees it.
package struct LeaseRecord: Sendable, Equatable {
    package let name: String
    package let holder: String
    package let token: Int64
    package let acquiredAt: Timestamp
    /// Nil when it has run out: nobody leads.
    package let remaining: Duration?
}

extension Store {
    /// Takes a lease that is free or has run out, or renews one's own. Nil while another process holds it. Runs on real
    /// time also under a test clock.
    package func lease(_ name: String, holder: String, for duration: Duration) async throws(StoreError) -> Lease? {
        try await driver.write { session throws(StoreError) in
            let rows = try session.query(
                """
                insert into leases (name, holder, token, acquired_at, expires_at)
                values (:name, :holder, 1, (select now_ms()), (select now_ms()) + :duration)
                on conflict (name) do update set
                    token = case when leases.holder = excluded.holder and leases.expires_at >= (select now_ms())
                        then leases.token else leases.token + 1 end,
                    acquired_at = case when leases.holder = excluded.holder and leases.expires_at >= (select now_ms())
                        then leases.acquired_at else excluded.acquired_at end,
                    holder = excluded.holder, expires_at = excluded.expires_at
                where leases.holder = excluded.holder or leases.expires_at < (select now_ms())
                returning token
                """,
                ["name": .text(name), "holder": .text(holder), "duration": .int(duration.milliseconds)]
            )
            guard let row = rows.first else { return nil }
            return Lease(name: name, token: try row.int("token"))
        }
    }

    /// Gives a lease back, so that the next process need not wait for its end.
    package func release(_ lease: Lease, holder: String) async throws(StoreError) {
        try await driver.write { session throws(StoreError) in
            try session.execute(
                "update leases set expires_at = 0 where name = :name and holder = :holder and token = :token",
                ["name": .text(lease.name), "holder": .text(holder), "token": .int(lease.token)]
            )
        }
    }

    package func leases() async throws(StoreError) -> [LeaseRecord] {
        try await driver.read { session throws(StoreError) in
            let rows = try session.query(
                """
                select name, holder, token, acquired_at, expires_at - (select now_ms()) as remaining
                from leases order by name
                """
            )
            var records: [LeaseRecord] = []
            for row in rows {
                let remaining = try row.int("remaining")
                records.append(
                    LeaseRecord(
                        name: try row.text("name"),
                        holder: try row.text("holder"),
                        token: try row.int("token"),
                        acquiredAt: try row.instant("acquired_at"),
                        remaining: remaining > 0 ? .milliseconds(remaining) : nil
                    )
                )
            }
            return records
        }
    }
}

extension SQLSession {
    /// True while the lease is held under this token. It locks the lease's row until the transaction ends: nobody takes it
    /// over in between.
    func holds(_ lease: Lease) throws(StoreError) -> Bool {
        try execute(
            """
            update leases set token = token
            where name = :name and token = :token and expires_at >= (select now_ms())
            """,
            ["name": .text(lease.name), "token": .int(lease.token)]
        ) == 1
    }
}
