import JobCore
import Testing

extension Contract {
    /// What HTTP needs of the store: repetitions, keys, and where a job is.
    @Suite(.timeLimit(.minutes(2))) struct Requests {
        @Test(arguments: Profile.underTest)
        func `a request that is repeated is one job`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let store = world.store
                let (first, second) = (JobID(), JobID())
                #expect(try await store.begin(request: "k", fingerprint: "f", id: first) == .begin(first))
                #expect(try await store.begin(request: "k", fingerprint: "f", id: second) == .running)
                #expect(try await store.begin(request: "k", fingerprint: "g", id: second) == .different)
                // It broke off: the next one goes on under the same id.
                try await store.end(request: "k", nil)
                #expect(try await store.begin(request: "k", fingerprint: "f", id: second) == .begin(first))
                let answer = Enqueued(first, .coalesced(into: second))
                try await store.end(request: "k", answer)
                #expect(try await store.begin(request: "k", fingerprint: "f", id: JobID()) == .answered(answer))
            }
        }

        @Test(arguments: Profile.underTest)
        func `of many repetitions at once one begins`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let beginnings = try await withThrowingTaskGroup(of: RequestBeginning.self) { group in
                    for _ in 0..<20 {
                        group.addTask { try await world.store.begin(request: "k", fingerprint: "f", id: JobID()) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(beginnings.filter { $0 == .running }.count == 19)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a key opens what it was made for, until it is revoked or has run out`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let store = world.store
                func make(_ lasting: Duration?) async throws -> APIToken {
                    let token = APIToken()
                    let request = APIKeyRequest(name: "api", patterns: ["mail.*"], reads: false, lasting: lasting)
                    try await store.create(request, token, Operation(kind: "key.create", subject: token.id, actor: "t"))
                    return token
                }
                let token = try await make(nil)
                let key = try #require(try await store.validKey(token.id))
                #expect(token.fits(key))
                #expect(!APIToken().fits(key))
                #expect(key.allows("mail.send") && !key.allows("system.probe") && !key.allows("email.send"))
                let rows = try await world.driver.read { session throws(StoreError) in
                    try session.query("select hash from api_keys")
                }
                #expect(try rows.allSatisfy { !token.text.contains(try $0.text("hash")) })
                let short = try await make(.zero)
                #expect(try await store.validKey(short.id) == nil)
                #expect(try await store.revoke(token.id, Operation(kind: "key.revoke", subject: token.id, actor: "t")))
                #expect(try await store.validKey(token.id) == nil)
                #expect(try await store.keys().count == 2)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a job is found where it waits and where it died`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let (waiting, dead) = (JobID(), JobID())
                _ = try await world.store.wait([.alpha(waiting, attempt: 2, lastError: "timeout: too long")])
                try await world.store.bury([.alpha(dead)])
                let found = try #require(try await world.store.whereabouts(of: waiting))
                #expect(found.state == .waiting && found.attempt == 2 && found.error == "timeout")
                #expect(try await world.store.whereabouts(of: dead)?.state == .dead)
                #expect(try await world.store.whereabouts(of: JobID()) == nil)
            }
        }
    }
}
