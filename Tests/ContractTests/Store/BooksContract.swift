import Testing

@testable import JobCore

extension Contract {
    /// Counters, routes, processes, depths and operations.
    @Suite(.timeLimit(.minutes(5))) struct Books {
        @Test(arguments: Profile.underTest)
        func `counts of all processes add up`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var flow = FlowCounts()
                flow.done = 3
                flow.retried = 2
                flow.snoozed = 1
                flow.dead = 4
                flow.replayed = 1
                flow.latency.record(milliseconds: 5)
                flow.latency.record(milliseconds: 5000)
                let counts = [QueueAddress("alpha"): flow, QueueAddress("alpha", .high): FlowCounts()]
                try await world.store.add([:])
                let taken = counts
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 { group.addTask { try await world.store.add(taken) } }
                    try await group.waitForAll()
                }
                var expected = FlowCounts()
                for _ in 0..<4 { expected.merge(flow) }
                #expect(
                    try await world.store.counts() == [
                        QueueAddress("alpha"): expected, QueueAddress("alpha", .high): FlowCounts(),
                    ]
                )
            }
        }

        @Test(arguments: Profile.underTest)
        func `a process is up while it beats, and gone when it says so`(profile: Profile) async throws {
            try await World.with(profile) { world in
                func beat(_ state: WorkerState, running: [WorkerBeat.Running] = []) -> WorkerBeat {
                    WorkerBeat(
                        id: "w1",
                        build: "b",
                        queues: ["alpha", "alpha.high"],
                        running: running,
                        runningCounts: ["alpha": running.count],
                        state: state
                    )
                }
                try await world.store.beat(beat(.up), heads: [:])
                let running = WorkerBeat.Running(id: "1", job: "alpha.work", ageSeconds: 1.5)
                let head = LaneHead(
                    deliveredReadyAt: Timestamp(milliseconds: 5),
                    unstartedReadyAt: Timestamp(milliseconds: 6)
                )
                try await world.store.beat(beat(.draining, running: [running]), heads: [QueueAddress("alpha"): head])
                var worker = try #require(try await world.store.workers().first)
                #expect(worker.state == .draining)
                #expect(worker.running == [running])
                #expect(worker.runningCounts == ["alpha": 1])
                #expect(worker.queues == ["alpha", "alpha.high"])
                #expect(worker.heartbeatAge < .seconds(10))
                // A later beat that has seen nothing keeps what was delivered.
                try await world.store.beat(beat(.gone), heads: [QueueAddress("alpha"): LaneHead()])
                worker = try #require(try await world.store.workers().first)
                #expect(worker.state == .gone)
                let seen = try await world.store.lanes().heads[QueueAddress("alpha")]
                #expect(seen?.deliveredReadyAt == Timestamp(milliseconds: 5))
                #expect(seen?.unstartedReadyAt == nil)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a lane's record has everything that the store knows of it`(profile: Profile) async throws {
            try await World.with(profile) { world in
                _ = try await world.store.wait([
                    .alpha(due: .at(Timestamp(milliseconds: 7))), .alpha(), .alpha(due: .after(.seconds(60))),
                    .alpha(lane: .high, due: .after(.seconds(60))),
                ])
                try await world.store.bury([.alpha()])
                try await world.store.saveDepths([(QueueAddress("alpha"), 0), (QueueAddress("beta"), 3)])
                try await world.store.saveDepths([(QueueAddress("alpha"), 2)])
                let record = try await world.store.lanes()
                #expect(record.waiting[QueueAddress("alpha")]?.byIntent == 1)
                #expect(record.waiting[QueueAddress("alpha")]?.overdue == 2)
                #expect(record.waiting[QueueAddress("alpha")]?.overdueSince == Timestamp(milliseconds: 7))
                #expect(record.waiting[QueueAddress("alpha", .high)]?.byIntent == 1)
                #expect(record.dead == [QueueAddress("alpha"): 1])
                #expect(record.heads[QueueAddress("alpha")]?.emptyAt != nil)
                #expect(record.heads[QueueAddress("beta")]?.emptyAt == nil)
                #expect(record.routes == Topology.small().routes.sorted())
            }
        }

        @Test(arguments: Profile.underTest)
        func `the routing table is replaced as a whole`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var topology = Topology.small()
                topology.routes.removeAll { $0.job == "later.work" }
                try await world.store.saveRoutes(topology)
                #expect(try await world.store.routes() == topology.routes.sorted())
                #expect(try await world.store.routesByKey()["alpha.work.high"]?.address == QueueAddress("alpha", .high))
            }
        }

        @Test(arguments: Profile.underTest)
        func `an operation is written once, and only its end changes`(profile: Profile) async throws {
            try await World.with(profile) { world in
                func operation(_ state: Operation.State) -> Operation {
                    Operation(id: "o", kind: "topology.apply", subject: "a\0", actor: "ana", state: state)
                }
                try await world.store.record(operation(.running))
                try await world.store.record(operation(.done))
                let rows = try await world.driver.read { session throws(StoreError) in
                    try session.query("select state from operations where id = 'o'")
                }
                #expect(try rows.map { row throws(StoreError) in try row.text("state") } == ["done"])
            }
        }

        @Test(arguments: Profile.underTest)
        func `a store that is up to date has nothing to migrate`(profile: Profile) async throws {
            try await World.with(profile) { world in
                #expect(try await world.store.migrationPlan().pending == [])
                try await world.store.checkSchema()
                try await world.store.migrateSchema()
                #expect(try await world.store.migrationPlan().current == Migration.all.count)
            }
        }

        @Test(arguments: Profile.underTest)
        func `the clock of the store does not go back, and is the wall's`(profile: Profile) async throws {
            try await World.with(profile) { world in
                var instants: [Timestamp] = []
                for _ in 0..<50 { instants.append(try await world.store.now()) }
                #expect(instants == instants.sorted())
                #expect(abs(Timestamp.now().duration(since: instants[49]).seconds) < 5)
            }
        }
    }
}
