import JobCore
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct Waiting {
        @Test(arguments: Profile.underTest)
        func `a waiting job comes back as it went in`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var entry = WaitingEntry.alpha(attempt: 3, reason: .snooze, lastError: "timeout: ran longer")
                entry.envelope.version = 2
                entry.envelope.payload = [0, 255, 1]
                entry.envelope.expiresAt = Timestamp(milliseconds: 4_000_000_000_000)
                entry.envelope.origin = "schedule:nightly@T"
                entry.envelope.carried = ["traceparent": .string("00-a-b-01"), "mine": .bytes([0, 0xFF])]
                entry.operationID = "operation"
                entry.due = .at(Timestamp(milliseconds: 1_700_000_000_000))
                #expect(try await world.store.wait([entry]) == [.waits])
                let job = try #require(try await world.claim("p").first)
                var expected = entry.envelope
                expected.lane = .normal
                expected.readyAt = Timestamp(milliseconds: 1_700_000_000_000)
                #expect(job.envelope == expected)
                #expect(job.address == QueueAddress("alpha"))
                #expect(job.reason == .snooze)
                #expect(job.lastError == "timeout: ran longer")
                #expect(job.operationID == "operation")
            }
        }

        @Test(arguments: Profile.underTest)
        func `only what is due is claimed, of one lane, oldest first`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let past = (0..<5).map { index in
                    WaitingEntry.alpha(number: index, due: .at(Timestamp(milliseconds: Int64(5000 - index))))
                }
                let others = [
                    WaitingEntry.alpha(number: 10, due: .after(.seconds(60))),
                    WaitingEntry.alpha(number: 11, lane: .high),
                ]
                _ = try await world.store.wait(past + others)
                let first = try await world.claim("p", limit: 2)
                let rest = try await world.claim("p", limit: 10)
                #expect((first + rest).map(\.dueAt.milliseconds) == [4996, 4997, 4998, 4999, 5000])
                #expect(try await world.claim("p") == [])
                #expect(try await world.claim("p", lane: .high).count == 1)
            }
        }

        @Test(arguments: Profile.underTest)
        func `each write raises the version and ends the claim`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let id = JobID()
                _ = try await world.store.wait([.alpha(id)])
                let first = try #require(try await world.claim("p").first)
                _ = try await world.store.wait([.alpha(id, attempt: 2)])
                let second = try #require(try await world.claim("q").first)
                #expect(second.version > first.version)
                #expect(second.envelope.attempt == 2)
                #expect(try await world.waiting().count == 1)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a job that could not be published is claimable again at once`(profile: Profile) async throws {
            try await World.with(profile) { world in
                _ = try await world.store.wait([.alpha(), .alpha()])
                let claimed = try await world.claim("p")
                try await world.store.unclaim(claimed.map(\.seen), claimant: "somebody else")
                #expect(try await world.claim("q") == [])
                try await world.store.unclaim(claimed.map(\.seen), claimant: "p")
                #expect(try await world.claim("q").map(\.seen) == claimed.map(\.seen))
            }
        }

        @Test(arguments: Profile.underTest)
        func `what was promoted is gone`(profile: Profile) async throws {
            try await World.with(profile) { world in
                _ = try await world.store.wait([.alpha(), .alpha()])
                let claimed = try await world.claim("p")
                try await world.store.promoted([claimed[0].seen], claimant: "p")
                #expect(try await world.waiting().map(\.id) == [claimed[1].envelope.id])
            }
        }

        @Test(arguments: Profile.underTest)
        func `two claimants never get the same row`(profile: Profile) async throws {
            try await World.with(profile) { world in
                _ = try await world.store.wait((0..<400).map { .alpha(number: $0) })
                let claims = try await withThrowingTaskGroup(of: [JobID].self) { group in
                    for claimant in 0..<4 {
                        group.addTask {
                            var ids: [JobID] = []
                            while ids.count <= 400 {
                                let jobs = try await world.claim("p\(claimant)", limit: 17)
                                if jobs.isEmpty { break }
                                ids += jobs.map(\.envelope.id)
                            }
                            return ids
                        }
                    }
                    return try await group.reduce(into: [JobID]()) { $0 += $1 }
                }
                #expect(claims.count == 400)
                #expect(Set(claims).count == 400)
            }
        }

        @Test(arguments: Profile.underTest)
        func `lanes with due jobs are named, and the time to the next`(profile: Profile) async throws {
            try await World.with(profile) { world in
                #expect(try await world.store.dueLanes().lanes == [])
                #expect(try await world.store.dueLanes().next == nil)
                _ = try await world.store.wait([.alpha(due: .after(.seconds(60)))])
                let later = try await world.store.dueLanes()
                #expect(later.lanes == [])
                #expect(try #require(later.next) > .seconds(30))
                _ = try await world.store.wait([.alpha(), .alpha(lane: .high)])
                let due = try await world.store.dueLanes()
                #expect(due.lanes == [QueueAddress("alpha", .high), QueueAddress("alpha")])
                #expect(due.next == .zero)
                _ = try await world.claim("p")
                #expect(try await world.store.dueLanes().lanes == [QueueAddress("alpha", .high)])
            }
        }

        @Test(arguments: Profile.underTest)
        func `an entry without queue takes it from the routing table`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var high = WaitingEntry.alpha()
                high.address = nil
                high.envelope.lane = .high
                var beta = WaitingEntry.alpha()
                beta.address = nil
                beta.envelope.job = "beta.work"
                var nowhere = WaitingEntry.alpha()
                nowhere.address = nil
                nowhere.envelope.job = "nobody.home"
                #expect(try await world.store.wait([high, nowhere, beta]) == [.waits, .unroutable, .waits])
                let addresses = try await world.waiting().map(\.address)
                #expect(Set(addresses) == [QueueAddress("alpha", .high), QueueAddress("beta")])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a due time beyond all measure does not spoil the table`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let dues: [Due] = [
                    .after(.seconds(Int64.max)), .at(Timestamp(milliseconds: .max)), .at(Timestamp(milliseconds: .min)),
                    .after(.seconds(Int64.min)),
                ]
                _ = try await world.store.wait(dues.enumerated().map { .alpha(number: $0, due: $1) })
                #expect(try await world.waiting().map(\.isOverdue) == [true, true, false, false])
                #expect(try await world.store.lanes().waiting[QueueAddress("alpha")]?.byIntent == 2)
                #expect(try await world.claim("p").count == 2)
                #expect(try #require(try await world.store.dueLanes().next) > .seconds(86_400))
            }
        }

        @Test(arguments: Profile.underTest)
        func `cancelling takes what a selector means, and leaves what is being promoted`(profile: Profile) async throws
        {
            try await World.with(profile) { world in
                let ids = (0..<4).map { _ in JobID() }
                _ = try await world.store.wait(ids.map { .alpha($0, due: .after($0 == ids[3] ? .zero : .seconds(60))) })
                _ = try await world.claim("p")
                var selector = Selector.of { $0.ids = [ids[0], ids[1], ids[3]] }
                var request = CancelRequest(selector: selector, operation: "o1", actor: "ana", subject: "three")
                let progress = try await world.store.cancelWaiting(request)
                #expect(progress.cancelled == 2)
                #expect(progress.jobs == ["alpha.work": 2])
                #expect(Set(try await world.waiting().map(\.id)) == [ids[2], ids[3]])
                selector = Selector.of { $0.isAll = true }
                request = CancelRequest(
                    selector: selector,
                    operation: "o2",
                    actor: "ana",
                    reason: "why",
                    subject: "all"
                )
                #expect(try await world.store.cancelWaiting(request).cancelled == 1)
            }
        }
    }
}
