extension Store {
    /// Gives back what promoters hold that are known to be dead, before their claims end by themselves.
    /// - Returns: how many jobs can be claimed again.
    package func releaseClaims(ofDead witness: any DeathWitness) async throws(StoreError) -> Int {
        let signs = try await driver.read { session throws(StoreError) in
            try session.query(
                """
                select c.claimed_by as worker, l.host as host, l.pid as pid, (select now_ms()) - l.at_ms as silence
                from (select distinct claimed_by from waiting where claimed_by is not null) as c
                join loops as l on l.process = c.claimed_by and l.name = 'promoter'
                """
            )
        }
        var released = 0
        for row in signs {
            let sign = LastSign(
                worker: try row.text("worker"),
                host: try row.optionalText("host"),
                pid: try row.optionalInt("pid").map { Int(clamping: $0) },
                silence: .milliseconds(try row.int("silence")),
                // Whoever says goodbye takes its signs along.
                saidGoodbye: false
            )
            guard witness.isKnownDead(sign) else { continue }
            released += try await driver.write { session throws(StoreError) in
                try session.execute(
                    "update waiting set claimed_by = null, claimed_until = null where claimed_by = :worker",
                    ["worker": .text(sign.worker)]
                )
            }
        }
        return released
    }
}
