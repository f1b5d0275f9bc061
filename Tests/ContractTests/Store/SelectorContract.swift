import JobCore
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct Selecting {
        @Test(arguments: Profile.underTest)
        func `waiting jobs are chosen by each condition, and by all of them`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let ids = (0..<3).map { _ in JobID() }
                var beta = WaitingEntry.alpha(ids[2], number: 2, due: .after(.seconds(30)))
                beta.address = QueueAddress("beta")
                beta.envelope.job = "beta.work"
                _ = try await world.store.wait([
                    .alpha(ids[0], number: 0, due: .after(.seconds(10)), lastError: "time_out: 100% of it"),
                    .alpha(ids[1], number: 1, lane: .high, due: .after(.seconds(20)), lastError: "timeXout: no"),
                    beta,
                ])
                func chosen(_ change: (inout Selector) -> Void) async throws -> [JobID] {
                    try await world.waiting(.of(change)).map(\.id)
                }
                #expect(try await chosen { _ in } == ids)
                #expect(try await chosen { $0.ids = [ids[2], ids[0]] } == [ids[0], ids[2]])
                #expect(try await chosen { $0.queue = "alpha" } == [ids[0], ids[1]])
                #expect(try await chosen { $0.queue = "alpha.high" } == [ids[1]])
                #expect(try await chosen { $0.job = "beta.work" } == [ids[2]])
                #expect(try await chosen { $0.error = "time_out" } == [ids[0]])
                #expect(try await chosen { $0.since = .ago(.seconds(600)) } == ids)
                #expect(try await chosen { $0.until = .at(Timestamp(milliseconds: 1)) } == [])
                #expect(try await chosen { $0.payload = [PayloadMatch(path: ["number"], value: "1")] } == [ids[1]])
                #expect(try await chosen { $0.limit = 2 } == [ids[0], ids[1]])
                let cursor = try await world.waiting()[0].cursor.description
                #expect(try await chosen { $0.after = cursor } == [ids[1], ids[2]])
                let all = Selector.of { selector in
                    selector.ids = ids
                    selector.queue = "alpha.normal"
                    selector.job = "alpha.work"
                    selector.error = "time_out"
                    selector.since = .ago(.seconds(600))
                    selector.until = .at(Timestamp(milliseconds: 4_000_000_000_000))
                    selector.payload = [PayloadMatch(path: ["number"], value: "0")]
                }
                #expect(try await world.waiting(all).map(\.id) == [ids[0]])
            }
        }

        @Test(arguments: Profile.underTest)
        func `letters are chosen by each condition, and by all of them`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let ids = (0..<3).map { _ in JobID() }
                try await world.store.bury([
                    .alpha(ids[0], number: 0),
                    .alpha(ids[1], number: 1, failure: Failure("timeout", "ran longer"), build: "b2"),
                    .alpha(ids[2], number: 2),
                ])
                func chosen(_ change: (inout Selector) -> Void) async throws -> [JobID] {
                    try await world.letters(.of(change), state: .open).map(\.jobID)
                }
                let group = try #require(try await world.letters().last).fingerprint
                #expect(try await chosen { _ in } == [ids[2], ids[1], ids[0]])
                #expect(try await chosen { $0.group = group } == [ids[2], ids[0]])
                #expect(try await chosen { $0.error = "timeout" } == [ids[1]])
                #expect(try await chosen { $0.build = "b2" } == [ids[1]])
                #expect(try await chosen { $0.queue = "beta" } == [])
                #expect(try await chosen { $0.since = .ago(.seconds(600)) } == [ids[2], ids[1], ids[0]])
                #expect(try await chosen { $0.until = .ago(.seconds(600)) } == [])
                #expect(try await chosen { $0.payload = [PayloadMatch(path: ["number"], value: "2")] } == [ids[2]])
                let newest = try await world.letters()[0].letterID
                #expect(try await chosen { $0.after = "\(newest)" } == [ids[1], ids[0]])
                let all = Selector.of { selector in
                    selector.ids = ids
                    selector.group = group
                    selector.queue = "alpha"
                    selector.job = "alpha.work"
                    selector.error = "smtp_rejected"
                    selector.build = "b1"
                    selector.since = .ago(.seconds(600))
                    selector.until = .at(Timestamp(milliseconds: 4_000_000_000_000))
                    selector.payload = [PayloadMatch(path: ["number"], value: "0")]
                    selector.limit = 1
                }
                #expect(try await world.letters(all).map(\.jobID) == [ids[0]])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a long list is walked to its end in pages`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await world.store.bury((0..<620).map { .alpha(number: $0) })
                _ = try await world.store.wait((0..<620).map { .alpha(number: $0, due: .after(.seconds(60))) })
                let everything = Selector.of { $0.limit = 0 }
                #expect(Set(try await world.letters(everything).map(\.jobID)).count == 620)
                #expect(Set(try await world.waiting(everything).map(\.id)).count == 620)
                let ten = Selector.of { $0.limit = 10 }
                var scan = LetterScan(world.store, ten, state: .open)
                while try await scan.next() != nil {}
                #expect(scan.hasMore)
            }
        }

        @Test(arguments: Profile.underTest)
        func `letters are grouped by cause, the largest group first`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let failures = ["user 1", "user 2", "user 3"].map { Failure("smtp_rejected", "550 no such \($0)") }
                let ids = (0..<4).map { _ in JobID() }
                try await world.store.bury(
                    failures.enumerated().map { .alpha(ids[$0], failure: $1, build: "b\($0)") }
                        + [.alpha(ids[3], number: 9, failure: Failure("timeout", "ran longer"))]
                )
                let groups = try await world.store.deadLetterGroups(Selector())
                #expect(groups.map(\.count) == [3, 1])
                #expect(groups.map(\.errorType) == ["smtp_rejected", "timeout"])
                #expect(groups.first?.builds == ["b0", "b1", "b2"])
                let nine = Selector.of { $0.payload = [PayloadMatch(path: ["number"], value: "9")] }
                #expect(try await world.store.deadLetterGroups(nine).map(\.errorType) == ["timeout"])
                #expect(try await world.store.openLetters() == [QueueAddress("alpha"): 4])
                let states = try await world.store.letterStates(of: [ids[0], JobID()])
                #expect(states == [ids[0]: [.open]])
            }
        }
    }
}
