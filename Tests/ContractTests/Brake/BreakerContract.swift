import JobCore
import Synchronization
import Testing

extension Contract {
    /// A dependency that fails: parked, charged to nobody, tried by one, and back.
    @Suite(.timeLimit(.minutes(3))) struct Breakers {
        /// A peer that a test switches off and on, and that knows who has called it.
        private final class Peer: Sendable {
            private let state = Mutex((isUp: false, calls: 0))

            var isUp: Bool {
                get { state.withLock { $0.isUp } }
                set { state.withLock { $0.isUp = newValue } }
            }
            var calls: Int { state.withLock { $0.calls } }

            func call() throws {
                let isUp = state.withLock { state in
                    state.calls += 1
                    return state.isUp
                }
                if !isUp { throw JobError.retry("peer_down", "nobody answers") }
            }
        }

        private static func options(openFor: Duration = .milliseconds(400)) -> Engine.Options {
            var options = Engine.Options()
            var peer = DependencyDeclaration(name: "peer")
            peer.breaker.minimum = 5
            peer.breaker.openFor = openFor
            peer.breaker.openCap = .seconds(2)
            peer.failures = ["peer_down"]
            options.dependencies = [peer]
            options.retry.maximumAttempts = 50
            return options
        }

        @Test(arguments: Profile.underTest)
        func `a dependency that fails parks its queue, burns no attempt meanwhile, and one job at a time tries it`(
            profile: Profile
        ) async throws {
            try await World.with(profile) { world in
                let peer = Peer()
                let script: Script = { number, _ in
                    if number < 100 { try peer.call() }
                    return .done
                }
                try await Engine.with(world, Self.options(), script) { engine in
                    try await world.enqueue(0..<40)
                    try await world.until("open") { try await world.store.breakers().first?.state == .open }
                    let record = try #require(try await world.store.breakers().first)
                    #expect(record.queues == ["alpha"])
                    #expect(record.reason?.contains("peer_down") == true)
                    // Tried again and again, each time longer, by one job each.
                    try await world.until("opened three times") {
                        try await world.store.breakers().first.map { $0.openings >= 3 } ?? false
                    }
                    let calls = peer.calls
                    #expect(calls <= 40 + 3, "\(calls)")
                    // A queue that depends on nothing goes on.
                    try await world.client.enqueue(BetaJob(number: 100))
                    try await world.until("beta ran") { engine.journal.returned.contains { $0.job == "beta" } }
                    peer.isUp = true
                    try await world.until("all done") {
                        engine.journal.returned.count { $0.job == "alpha" } == 40
                    }
                    #expect(try await world.store.breakers().first?.state == .closed)
                    // The four that failed before there were enough to open it are charged, each with one attempt.
                    let attempts = engine.journal.returned.map(\.attempt)
                    #expect(attempts.count { $0 > 1 } <= 4 && attempts.max() ?? 0 <= 2)
                }
                #expect(try await world.letters() == [])
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `a job that meets an open breaker keeps its attempt`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let gate = Latch()
                let script: Script = { number, _ in
                    if number >= 10 { await gate.wait() }
                    throw JobError.retry("peer_down", "nobody answers")
                }
                var options = Self.options(openFor: .seconds(30))
                options.concurrency = 20
                options.retry = RetryPolicy(base: .seconds(60), cap: .seconds(60), maximumAttempts: 2)
                try await Engine.with(world, options, script) { engine in
                    try await world.enqueue(0..<20)
                    try await world.until("open") { try await world.store.breakers().first?.state == .open }
                    // Also while attempts hang nobody takes more.
                    let fetches = world.broker.fetches
                    try await world.enqueue(20..<25)
                    try await world.untilReady(5)
                    #expect(world.broker.fetches == fetches)
                    gate.open()
                    try await world.until("all settled") { try await world.waiting().count == 20 }
                    try await world.untilReady(5)
                    let rows = try await world.waiting()
                    let late = Set(engine.journal.lines.filter { $0.number >= 10 }.map(\.id))
                    #expect(rows.filter { late.contains($0.id) }.allSatisfy { $0.attempt == 1 })
                    #expect(rows.count { $0.attempt == 2 } < 10, "the one that trips it is charged neither")
                }
                #expect(try await world.letters() == [])
            }
        }

        @Test(arguments: Profile.underTest)
        func `of four pools one tries, and all go on when it has succeeded`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let peer = Peer()
                let script: Script = { _, _ in
                    try peer.call()
                    return .done
                }
                let options = Self.options(openFor: .seconds(1))
                let engines = (0..<4).map { number in
                    var options = options
                    options.worker = "worker-\(number)"
                    options.promotes = number == 0
                    return options
                }
                try await Engine.with(world, engines[0], script) { first in
                    try await Engine.with(world, engines[1], script) { second in
                        try await Engine.with(world, engines[2], script) { third in
                            try await Engine.with(world, engines[3], script) { fourth in
                                try await world.enqueue(0..<80)
                                try await world.until("open") {
                                    try await world.store.breakers().first?.state == .open
                                }
                                // What was running when it opened has ended before the first try.
                                try await world.until("tried") {
                                    try await world.store.breakers().first?.openings == 2
                                }
                                let calls = peer.calls
                                try await world.until("tried again") {
                                    try await world.store.breakers().first?.openings == 3
                                }
                                #expect(peer.calls == calls + 1, "one job a try, of four processes")
                                peer.isUp = true
                                let all = [first, second, third, fourth]
                                try await world.until("all done") {
                                    all.reduce(0) { $0 + $1.journal.returned.count } == 80
                                }
                            }
                        }
                    }
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `opened by hand it stays open, and a probe or closing ends it`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await Engine.with(world, Self.options(), { _, _ in .done }) { engine in
                    try await world.until("they fetch") {
                        try await world.broker.depths(["alpha"])["alpha"]?.consumers == 1
                    }
                    let operation = JobCore.Operation(kind: "breaker.open", subject: "peer", actor: "test")
                    try await world.store.act(.open, breaker: "peer", for: nil, queues: ["alpha"], operation)
                    try await world.until("nobody fetches") {
                        try await world.broker.depths(["alpha"])["alpha"]?.consumers == 0
                    }
                    try await world.enqueue(0..<5)
                    try await world.untilReady(5)
                    let record = try await world.store.lanes()
                    #expect(record.brake(of: "alpha").state == .parked)
                    #expect(record.brake(of: "beta").state == .running)
                    #expect(engine.journal.lines.isEmpty)
                    let probe = JobCore.Operation(kind: "breaker.probe", subject: "peer", actor: "test")
                    try await world.store.act(.probe, breaker: "peer", for: nil, queues: ["alpha"], probe)
                    try await engine.untilReturned(5, in: world)
                    #expect(try await world.store.breakers().first?.state == .closed)
                }
                try await world.expectNothingLeft()
            }
        }

        @Test(arguments: Profile.underTest)
        func `few failures among many successes open nothing`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let script: Script = { number, context in
                    if number % 4 == 0, context.attempt == 1 { throw JobError.retry("peer_down", "sometimes") }
                    return .done
                }
                var options = Self.options()
                options.concurrency = 1
                try await Engine.with(world, options, script) { engine in
                    // The first answers are successes: what is told to the store with a failure holds them all.
                    try await world.enqueue(1..<60)
                    try await engine.untilReturned(59, in: world)
                    #expect(try await world.store.breakers().first?.state ?? .closed == .closed)
                }
            }
        }

        @Test(arguments: Profile.underTest)
        func `the right to try is one process's, and a dead one's is taken from it`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let store = world.store
                let operation = JobCore.Operation(kind: "breaker.open", subject: "peer", actor: "test")
                try await store.act(.open, breaker: "peer", for: .milliseconds(1), queues: ["alpha"], operation)
                try await world.until("half open") { try await store.breakers().first?.state == .halfOpen }
                #expect(try await store.beginProbe(["peer"], prober: "a alpha", lasting: .seconds(30)))
                #expect(try await store.beginProbe(["peer"], prober: "b alpha", lasting: .seconds(30)) == false)
                #expect(try await store.beginProbe(["peer"], prober: "a alpha", lasting: .seconds(30)))
                // The other's word counts for nothing.
                try await store.closeBreakers(["peer"], probedBy: "b alpha")
                #expect(try await store.breakers().first?.state == .halfOpen)
                try await store.endProbe(["peer"], prober: "a alpha")
                #expect(try await store.beginProbe(["peer"], prober: "b alpha", lasting: .seconds(30)))
                try await store.closeBreakers(["peer"], probedBy: "b alpha")
                #expect(try await store.breakers().first?.state == .closed)
            }
        }
    }
}
