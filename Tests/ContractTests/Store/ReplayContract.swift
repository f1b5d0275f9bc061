import JobCore
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct Replaying {
        private func request(
            _ selector: Selector = .of { $0.isAll = true },
            rate: Double? = nil,
            care: ReplayCare = ReplayCare(),
            operation: String = "op",
            expired: Bool = false
        ) -> ReplayRequest {
            ReplayRequest(
                selector: selector,
                rules: Replay.Rules(operation: operation, includesExpired: expired),
                rate: rate,
                care: care,
                actor: "ana",
                reason: "mended",
                subject: "everything"
            )
        }

        @Test(arguments: Profile.underTest)
        func `a replay moves letters to the waiting jobs, as new jobs with their old ids`(profile: Profile) async throws
        {
            try await World.with(profile) { world in
                let id = JobID()
                var envelope = Envelope.alpha(id, number: 7, attempt: 5)
                envelope.version = 2
                envelope.carried = [
                    "mine": .int(1), HeaderName.delay: .int(5), HeaderName.debounceKey: .string("k"),
                    HeaderName.unknownSince: .int(1),
                ]
                let failure = Failure("smtp_rejected", "550")
                try await world.store.bury([
                    DeadLetter(envelope, at: QueueAddress("alpha", .high), failure: failure, build: "b", worker: "w")
                ])
                #expect(try await world.store.rehearse(request()).replayed == 1)
                #expect(try await world.waiting() == [])
                let progress = try await world.store.replay(request())
                #expect(progress.replayed == 1)
                #expect(progress.skipped == [:])
                let job = try #require(try await world.claim("p", lane: .high).first)
                #expect(job.envelope.id == id)
                #expect(job.envelope.payload == envelope.payload)
                #expect(job.envelope.version == 2)
                #expect(job.envelope.attempt == 1)
                #expect(job.envelope.enqueuedAt == envelope.enqueuedAt)
                #expect(job.envelope.origin == "replay:op")
                #expect(job.envelope.carried == ["mine": .int(1), HeaderName.replayOperation: .string("op")])
                #expect(job.reason == .replay)
                #expect(job.lastError == "smtp_rejected: 550")
                #expect(try await world.letters().map(\.state) == [.replaying])
            }
        }

        @Test(arguments: Profile.underTest)
        func `what cannot be replayed stays, and is counted by its reason`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let (expired, waiting) = (JobID(), JobID())
                var old = Envelope.alpha(expired)
                old.expiresAt = Timestamp(milliseconds: 1)
                var large = DeadLetter.alpha()
                large.oversize = Delivery.Oversize(length: 3 << 20, sha256: String(repeating: "a", count: 64))
                var homeless = DeadLetter.alpha()
                homeless.job = "nobody.home"
                let failure = Failure("expired", "too late")
                try await world.store.bury([
                    DeadLetter(old, at: QueueAddress("alpha"), failure: failure, build: "b", worker: "w"),
                    large, homeless, .alpha(waiting), .alpha(),
                ])
                _ = try await world.store.wait([.alpha(waiting, due: .after(.seconds(60)))])
                let expected = ["expired": 1, "oversize": 1, "unroutable": 1, "already_waiting": 1]
                let rehearsal = try await world.store.rehearse(request())
                #expect(rehearsal.replayed == 1)
                #expect(rehearsal.skipped == expected)
                let progress = try await world.store.replay(request())
                #expect(progress.replayed == 1)
                #expect(progress.skipped == expected)
                #expect(try await world.letters(state: .open).count == 4)
                let again = try await world.store.replay(
                    request(.of { $0.ids = [expired] }, operation: "again", expired: true)
                )
                #expect(again.replayed == 1)
                let revived = try await world.waiting().first { $0.id == expired }
                #expect(revived?.reason == "replay")
            }
        }

        @Test(arguments: Profile.underTest)
        func `a rate spreads the due times, the oldest first`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let ids = (0..<5).map { _ in JobID() }
                try await world.store.bury(ids.map { .alpha($0) })
                #expect(try await world.store.replay(request(rate: 2)).replayed == 5)
                let records = try await world.waiting()
                #expect(records.map(\.id) == ids)
                let start = records[0].dueAt.milliseconds
                #expect(records.map { $0.dueAt.milliseconds - start } == [0, 500, 1000, 1500, 2000])
                #expect(Set(records.map(\.operationID)) == ["op"])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a large replay goes on over many slices up to its limit`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await world.store.bury((0..<1100).map { .alpha(number: $0) })
                let first = try await world.store.replay(request(.of { $0.limit = 600 }))
                #expect(first.replayed == 600)
                #expect(first.hasMore)
                let rest = try await world.store.replay(request(.of { $0.limit = 0 }, operation: "rest"))
                #expect(rest.replayed == 500)
                #expect(!rest.hasMore)
                #expect(try await world.waiting(.of { $0.limit = 0 }).count == 1100)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a replayed job that is done closes its letter`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let (id, other) = (JobID(), JobID())
                try await world.store.bury([.alpha(id), .alpha(other)])
                _ = try await world.store.replay(request())
                try await world.store.settle([
                    .record(id, origin: "replay:op", ending: .done, runTime: .zero),
                    .record(other, origin: "replay:another", ending: .done, runTime: .zero),
                    .record(other, origin: "schedule:nightly", ending: .done, runTime: .zero),
                ])
                let states = try await world.store.letterStates(of: [id, other])
                #expect(states == [id: [.replayed], other: [.replaying]])
            }
        }
    }
}
