/// Jobs that wait for a build that knows them.
package struct UnknownJobs: Sendable, Equatable {
    package let job: String
    package let count: Int64
    /// What the last worker said: no worker for it, or a version newer than its own.
    package let reason: String
}

extension Store {
    /// By type, the most first. They are tried for an hour, then dead letters `unknown_job`.
    package func unknownJobs() async throws(StoreError) -> [UnknownJobs] {
        try await driver.read { session throws(StoreError) in
            var found: [UnknownJobs] = []
            let rows = try session.query(
                """
                select job, count(*) as held, max(last_error) as reason from waiting
                where reason = 'snooze' and last_error like 'unknown!_job:%' escape '!'
                group by job order by held desc, job limit 100
                """
            )
            for row in rows {
                let text = try row.text("reason")
                found.append(
                    UnknownJobs(
                        job: try row.text("job"),
                        count: try row.int("held"),
                        reason: String(text.drop { $0 != ":" }.dropFirst(2))
                    )
                )
            }
            return found
        }
    }
}
