import JobCore
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct Retention {
        private func sql(_ world: World, _ text: String) async throws {
            try await world.store.driver.write { session throws(StoreError) in try session.execute(text) }
        }

        @Test(arguments: Profile.underTest)
        func `what is over leaves when its time has come, and nothing that is open does`(profile: Profile) async throws
        {
            try await World.with(profile) { world in
                let (open, purged, replayed, young) = (JobID(), JobID(), JobID(), JobID())
                try await world.store.bury([open, purged, replayed, young].map { .alpha($0) })
                for (id, operation, state) in [
                    (purged, "old", "purged"), (replayed, "older", "replayed"), (young, "new", "purged"),
                ] {
                    try await world.store.record(
                        Operation(id: operation, kind: "dead.purge", subject: "s", actor: "ana")
                    )
                    try await sql(
                        world,
                        "update dead_letters set state = '\(state)', operation_id = '\(operation)' where job_id = '\(id)'"
                    )
                }
                try await sql(world, "update operations set at_ms = at_ms - 864000001 where id in ('old', 'older')")
                try await sql(world, "update dead_letters set failed_at = 1")
                #expect(try await !world.store.forgetPurgedLetters(after: .days(11)), "nothing is that old")
                #expect(try await world.store.letterStates(of: [purged]) == [purged: [.purged]])
                while try await world.store.forgetPurgedLetters(after: .days(10)) {}
                #expect(try await world.store.letterStates(of: [purged, replayed]) == [replayed: [.replayed]])
                while try await world.store.forgetReplayedLetters(after: .days(10)) {}
                #expect(
                    try await world.store.letterStates(of: [open, purged, replayed, young])
                        == [open: [.open], young: [.purged]]
                )
            }
        }

        @Test(arguments: Profile.underTest)
        func `what probes recorded goes in slices`(profile: Profile) async throws {
            try await World.with(profile) { world in
                for number in 0..<1100 {
                    let age = number < 1000 ? 2_678_400_000 : 0
                    try await sql(
                        world,
                        """
                        insert into probe_effects (job_id, attempt, process, at_ms, note)
                        values ('\(JobID())', 1, 'p', (select now_ms()) - \(age), '')
                        """
                    )
                }
                while try await world.store.forgetProbeEffects(after: .days(30)) {}
                let left = try await world.store.driver.read { session throws(StoreError) in
                    try session.query("select count(*) as n from probe_effects")[0].int("n")
                }
                #expect(left == 100)
            }
        }
    }
}
