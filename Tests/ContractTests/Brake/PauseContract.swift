import JobCore
import Testing

extension Contract {
    /// What an operator stops.
    @Suite(.timeLimit(.minutes(2))) struct Pauses {
        private func operation(_ kind: String) -> JobCore.Operation {
            JobCore.Operation(kind: kind, subject: "test", actor: "ana", reason: "it does harm")
        }

        @Test(arguments: Profile.underTest)
        func `jobs of a paused type are put aside uncharged, its queue goes on, and they come back`(
            profile: Profile
        ) async throws {
            try await World.with(profile) { world in
                try await world.store.pause(.jobType, "alpha.work", for: nil, operation("job_type.pause"))
                try await Engine.with(world) { engine in
                    try await world.enqueue(0..<700)
                    try await world.client.enqueue(BetaJob(number: 1))
                    try await world.until("put aside") {
                        try await world.store.lanes().waiting[QueueAddress("alpha")]?.byIntent == 700
                    }
                    try await engine.untilReturned(1, in: world)
                    let rows = try await world.waiting()
                    #expect(rows.allSatisfy { $0.attempt == 1 && $0.reason == "snooze" })
                    #expect(rows.first?.lastError == "paused: paused by ana: it does harm")
                    // Nothing of it is late: it may not run.
                    let waiting = try await world.store.lanes().waiting[QueueAddress("alpha")]
                    #expect(waiting?.overdue == 0)
                    let (wasPaused, released) = try await world.store.resume(
                        .jobType,
                        "alpha.work",
                        operation("job_type.resume")
                    )
                    #expect(wasPaused && released > 0)
                    try await engine.untilReturned(701, in: world)
                    #expect(engine.journal.lines.allSatisfy { $0.attempt == 1 })
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `one that is put aside while its type is resumed is due at once`(profile: Profile) async throws {
            try await World.with(profile) { world in
                // Written by a worker that has not heard of the end yet.
                let envelope = Envelope(
                    id: JobID(),
                    job: "alpha.work",
                    payload: Array("{}".utf8),
                    enqueuedAt: .now(),
                    readyAt: .now()
                )
                let entry = WaitingEntry(
                    envelope: envelope,
                    address: QueueAddress("alpha"),
                    due: .after(.seconds(3600)),
                    reason: .snooze,
                    lastError: "paused: paused by ana"
                )
                _ = try await world.store.wait([entry])
                #expect(try await world.store.dueLanes().lanes == [QueueAddress("alpha")])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a paused queue is not fetched nor published to, for as long as was said`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await world.store.pause(.queue, "alpha", for: .seconds(2), operation("queue.pause"))
                try await Engine.with(world) { engine in
                    try await world.client.enqueue(AlphaJob(number: 1), .delay(.milliseconds(50)))
                    try await world.client.enqueue(AlphaJob(number: 2))
                    try await world.client.enqueue(BetaJob(number: 3))
                    try await world.until("beta ran") { engine.journal.returned.map(\.number) == [3] }
                    #expect(try await world.store.lanes().brake(of: "alpha").state == .paused)
                    #expect(try await world.waiting().count == 1, "its due job stays where it can be seen")
                    try await engine.untilReturned(3, in: world)
                }
                try await world.expectNothingLeft()
            }
        }
    }
}
