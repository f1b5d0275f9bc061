import JobCore
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct Burying {
        @Test(arguments: Profile.underTest)
        func `a death is stored once, and takes its waiting row with it`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let (id, other) = (JobID(), JobID())
                _ = try await world.store.wait([.alpha(id), .alpha(other)])
                try await world.store.bury([.alpha(id)])
                try await world.store.bury([.alpha(id), .alpha(id)])
                #expect(try await world.letters().map(\.jobID) == [id])
                #expect(try await world.waiting().map(\.id) == [other])
                try await world.store.bury([.alpha(id, attempt: 2)])
                #expect(try await world.letters().map(\.deathID) == ["attempt:2", "attempt:1"])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a letter and its waiting row change in one transaction`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let id = JobID()
                _ = try await world.store.wait([.alpha(id)])
                let error = await failure { () throws(StoreError) in
                    try await world.driver.write { session throws(StoreError) in
                        try session.bury([.alpha(id)])
                        throw .rolledBack
                    }
                }
                #expect(error == .rolledBack)
                #expect(try await world.letters() == [])
                #expect(try await world.waiting().map(\.id) == [id])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a death that is stored again does not undo its replay`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let id = JobID()
                try await world.store.bury([.alpha(id)])
                let request = ReplayRequest(
                    selector: .of { $0.ids = [id] },
                    rules: Replay.Rules(operation: "o"),
                    actor: "ana",
                    subject: "\(id)"
                )
                #expect(try await world.store.replay(request).replayed == 1)
                // The acknowledgement was lost, so the broker has delivered the dead job once more.
                try await world.store.bury([.alpha(id)])
                #expect(try await world.waiting().map(\.id) == [id])
                #expect(try await world.letters().map(\.state) == [.replaying])
            }
        }

        @Test(arguments: Profile.underTest)
        func `strange bytes are kept, and strange text is made readable`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let bytes: [UInt8] = [0, 0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80, 0]
                let text = String(decoding: [0x61, 0, 0xFF, 0x62, 0] as [UInt8], as: UTF8.self)
                var letter = DeadLetter.alpha(failure: Failure("a\0b", "\0\(text)\r\n\0\u{301}"))
                letter.payload = bytes
                letter.headers = ["nul\0key": .bytes(bytes), "\u{FFFD}": .string("\0"), "": .null]
                letter.job = "no\0job"
                letter.deathID = "\0"
                letter.worker = "w\0"
                letter.build = "\0"
                letter.address = QueueAddress("q\0")
                var entry = WaitingEntry.alpha(lastError: "a\0b\(text)")
                entry.envelope.payload = bytes
                entry.envelope.carried = letter.headers
                entry.due = .after(.seconds(60))
                try await world.store.keep([letter], logger: world.logger)
                _ = try await world.store.wait([entry])
                let stored = try #require(try await world.letters().first)
                #expect(stored.payload == bytes)
                #expect(stored.headers["nul\0key"] == .bytes(bytes))
                #expect(stored.headers["\u{FFFD}"] == .string("\0"))
                #expect(stored.bodyLength == Int64(bytes.count))
                for text in [stored.errorMessage, stored.errorType, stored.job, stored.deathID, stored.worker] {
                    #expect(!text.utf8.contains(0))
                }
                let waiting = try #require(try await world.waiting().first)
                #expect(waiting.lastError?.contains("a\u{FFFD}b") == true)
            }
        }

        @Test(arguments: Profile.underTest)
        func `text that is too long is cut at a character`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let long = String(repeating: "é", count: 5000)
                try await world.store.bury([.alpha(failure: Failure("long", long))])
                let stored = try #require(try await world.letters().first)
                #expect(stored.errorMessage.utf8.count <= 4096)
                #expect(stored.errorMessage.allSatisfy { $0 == "é" })
                #expect(stored.errorMessage.utf8.count > 4000)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a letter that the database refuses is kept without its bytes`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await world.refuseEqualPayloads()
                let (first, refused, last) = (JobID(), JobID(), JobID())
                try await world.store.keep(
                    [.alpha(first, number: 1), .alpha(refused, number: 1), .alpha(last, number: 2)],
                    logger: world.logger
                )
                let stored = try await world.letters()
                #expect(stored.map(\.jobID) == [last, refused, first])
                #expect(stored.map { $0.payload == [] } == [false, true, false])
                #expect(stored[1].errorMessage.contains("refused"))
            }
        }
    }
}
