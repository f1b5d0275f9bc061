import Foundation
import JobCore
import Testing

extension Contract {
    /// Payloads at rest, with a data key and without it.
    @Suite struct `Sealed payloads` {
        private static let first = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
        private static let second = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

        /// What the database itself holds in every column of payloads.
        private static func held(_ world: World) async throws -> [[UInt8]] {
            var held: [[UInt8]] = []
            for table in ["waiting", "dead_letters", "letter_originals"] {
                let rows = try await world.driver.read { session throws(StoreError) in
                    try session.query("select payload from \(table)")
                }
                for row in rows { held.append(try row.bytes("payload")) }
            }
            return held
        }

        private static func says(_ word: String, _ bytes: [UInt8]) -> Bool {
            String(decoding: bytes, as: UTF8.self).contains(word)
        }

        @Test(arguments: Profile.underTest)
        func `are legible to nobody in the database, and whole to whoever has the key`(_ profile: Profile) async throws
        {
            let seal = try PayloadSeal(file: Self.first)
            try await World.with(profile, seal: seal) { world in
                let (waits, dies) = (JobID(), JobID())
                _ = try await world.store.wait([.alpha(waits, number: 7)])
                try await world.store.bury([.alpha(dies, number: 8)])
                let letter = try #require(try await world.letters().first)
                #expect(letter.payload == Array(#"{"number":8}"#.utf8))
                #expect(letter.bodyLength == 12)
                let edited = Array(#"{"number":9}"#.utf8)
                let operation = JobCore.Operation(kind: "dead.edit", subject: "s", actor: "ana")
                #expect(try await world.store.edit([LetterEdit(letter, payload: edited)], operation) == 1)
                let held = try await Self.held(world)
                #expect(held.count == 3)
                #expect(held.allSatisfy { !Self.says("number", $0) })

                #expect(
                    try await world.letters(.of { $0.payload = [PayloadMatch(path: ["number"], value: "9")] }).count
                        == 1
                )
                #expect(
                    try await world.waiting(.of { $0.payload = [PayloadMatch(path: ["number"], value: "7")] }).count
                        == 1
                )
                #expect(try await world.claim("p").map(\.envelope.payload) == [Array(#"{"number":7}"#.utf8)])
            }
        }

        @Test(arguments: Profile.underTest)
        func `wait for their key, and hold up no other`(_ profile: Profile) async throws {
            let seal = try PayloadSeal(file: Self.first)
            try await World.with(profile, seal: seal) { world in
                _ = try await world.store.wait([.alpha(number: 1)])
                let newer = try await world.reopen(try PayloadSeal(file: Self.second))
                let other = JobID()
                _ = try await newer.store.wait([.alpha(other, number: 2)])
                let address = QueueAddress("alpha", .normal)
                let claimed = try await newer.store.claimDue(address, limit: 10, claimant: "n", lease: .milliseconds(1))
                #expect(claimed.jobs.map(\.envelope.id) == [other])
                let name = try #require(seal.names.first)
                guard case .sealed(let text)? = claimed.unreadable else {
                    Issue.record("the other one is not told")
                    return
                }
                #expect(text.contains(name))
                await newer.close()

                let rotated = try await world.reopen(try PayloadSeal(file: "\(Self.second)\n\(Self.first)\n"))
                try await world.until("the claim is over") {
                    try await rotated.store.claimDue(address, limit: 10, claimant: "r", lease: .zero).jobs.count == 2
                }
                await rotated.close()
            }
        }

        @Test(arguments: Profile.underTest)
        func `that somebody has moved to another row are not promoted, and hold up no other`(_ profile: Profile)
            async throws
        {
            try await World.with(profile, seal: try PayloadSeal(file: Self.first)) { world in
                let (source, target) = (JobID(), JobID())
                _ = try await world.store.wait([.alpha(source, number: 1), .alpha(target, number: 2)])
                try await world.driver.write { session throws(StoreError) in
                    try session.execute(
                        "update waiting set payload = (select payload from waiting where id = :source) where id = :target",
                        ["source": .id(source), "target": .id(target)]
                    )
                }
                let address = QueueAddress("alpha", .normal)
                let claimed = try await world.store.claimDue(address, limit: 9, claimant: "p", lease: .seconds(9))
                #expect(claimed.jobs.map(\.envelope.id) == [source])
                #expect(claimed.unreadable?.label == "store_decoding")
            }
        }

        @Test(arguments: Profile.underTest)
        func `from before there was a key are read as they are`(_ profile: Profile) async throws {
            try await World.with(profile) { world in
                try await world.store.bury([.alpha(number: 3)])
                let sealing = try await world.reopen(try PayloadSeal(file: Self.first))
                var scan = LetterScan(sealing.store, Selector(), state: nil, withPayload: true)
                #expect(try await scan.next()?.first?.payload == Array(#"{"number":3}"#.utf8))
                await sealing.close()
            }
        }
    }
}
