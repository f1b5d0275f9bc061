import JobCore
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct Declaring {
        @Test(arguments: Profile.underTest)
        func `a plan that has been applied is empty, and can be applied again`(profile: Profile) async throws {
            try await World.with(profile, topology: Topology(queues: [], routes: [])) { world in
                let topology = Topology.small()
                let changes = try await world.broker.plan(topology)
                #expect(
                    changes.contains { $0.action == .create && $0.kind == "queue" && $0.name.hasSuffix("alpha.high") }
                )
                try await world.apply(topology)
                #expect(try await world.broker.plan(topology) == [])
                try await world.broker.apply(changes, of: topology)
                #expect(try await world.broker.plan(topology) == [])
                await world.publish([.numbered(1)])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a plan names what differs, and nothing else`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let changes = try await world.broker.plan(.small(limit: 7))
                #expect(!changes.isEmpty)
                #expect(changes.allSatisfy { $0.action == .update && $0.detail.contains("7") })
                #expect(changes.allSatisfy { $0.name.hasSuffix("alpha") || $0.name.hasSuffix("alpha.high") })
            }
        }

        @Test(arguments: Profile.underTest)
        func `a job that moves to another queue is neither lost nor doubled`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await world.publish([.numbered(1, key: "later.work")])
                var moved = Topology.small()
                moved.routes = moved.routes.map { route in
                    guard route.job == "later.work" else { return route }
                    return Topology.Route(routingKey: route.routingKey, job: route.job, address: QueueAddress("beta"))
                }
                #expect(try await !world.broker.plan(moved).isEmpty)
                try await world.apply(moved)
                #expect(try await world.broker.plan(moved) == [])
                await world.publish([.numbered(2, key: "later.work"), .numbered(3, key: "later.work.normal")])
                try await world.untilReady(1, in: "alpha")
                try await world.untilReady(2, in: "beta")
            }
        }

        @Test(arguments: Profile.underTest)
        func `a queue that is no longer declared goes when it is empty`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let less = Topology(
                    queues: Topology.small().queues.filter { $0.name == "alpha" },
                    routes: Topology.small().routes.filter { $0.address.queue != "beta" }
                )
                let changes = try await world.broker.plan(less)
                #expect(changes.contains { $0.action == .delete && $0.name.hasSuffix("beta") })
                try await world.apply(less)
                #expect(try await world.broker.depths(["beta"]).isEmpty)
                let refused = await world.broker.publish([.numbered(1, key: "beta.work")], deadline: .seconds(5))
                #expect(refused.map(\.error) == [.unroutable("beta.work")])
            }
        }

        @Test(arguments: Profile.underTest)
        func `depths tell ready messages and consumers of what is declared`(profile: Profile) async throws {
            try await World.with(profile) { world in
                await world.publish([.numbered(1), .numbered(2), .numbered(3, key: "alpha.work.high")])
                try await world.untilReady(2)
                let depths = try await world.broker.depths(["alpha", "alpha.high", "beta", "alpha.dead", "gamma"])
                #expect(depths.mapValues(\.ready) == ["alpha": 2, "alpha.high": 1, "beta": 0, "alpha.dead": 0])
                #expect(depths.values.allSatisfy { $0.consumers == 0 })
                let consumption = try await world.broker.consume("beta", credit: 1)
                try await world.until("a consumer") { try await world.broker.depths(["beta"])["beta"]?.consumers == 1 }
                await consumption.giveBack()
                try await world.until("no consumer") { try await world.broker.depths(["beta"])["beta"]?.consumers == 0 }
            }
        }

        @Test(arguments: Profile.underTest)
        func `a queue that somebody binds by hand is found before its jobs run twice`(profile: Profile) async throws {
            try await World.with(profile) { world in
                // One file has no tools by which a stranger could bind.
                guard profile == .cluster else {
                    #expect(await world.broker.examine() == [])
                    return
                }
                func bindings() async throws -> BrokerFinding {
                    try #require(await world.broker.examine().first { $0.name == "bindings" })
                }
                #expect(try await bindings().isWell == true)
                try await world.cluster?.bind("beta", to: Topology.strictExchange, key: "alpha.work")
                let found = try await bindings()
                #expect(found.isWell == false)
                #expect(found.detail.contains("alpha.work goes to") && found.detail.contains("beta"), "\(found.detail)")
                try await world.apply(.small())
                #expect(try await bindings().isWell == true, "the remedy it names takes it away")
            }
        }

        @Test(arguments: Profile.underTest)
        func `a ping answers`(profile: Profile) async throws {
            try await World.with(profile) { world in try await world.broker.ping() }
        }
    }
}
