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
                try await world.store.beat(beat(.up), delivered: [:])
                let running = WorkerBeat.Running(id: "1", job: "alpha.work", ageSeconds: 1.5)
                let delivered = [QueueAddress("alpha"): Timestamp(milliseconds: 5)]
                try await world.store.beat(beat(.draining, running: [running]), delivered: delivered)
                var worker = try #require(try await world.store.workers().first)
                #expect(worker.state == .draining)
                #expect(worker.running == [running])
                #expect(worker.runningCounts == ["alpha": 1])
                #expect(worker.queues == ["alpha", "alpha.high"])
                #expect(worker.heartbeatAge < .seconds(10))
                // A later beat that has seen nothing keeps what was delivered.
                try await world.store.beat(beat(.gone), delivered: [:])
                worker = try #require(try await world.store.workers().first)
                #expect(worker.state == .gone)
                let seen = try await world.store.lanes().heads[QueueAddress("alpha")]
                #expect(seen?.deliveredReadyAt == Timestamp(milliseconds: 5))
                #expect(seen?.unstartedReadyAt == nil)
            }
        }

        @Test(arguments: Profile.underTest)
        func `a process that has not beaten for fifteen seconds is gone`(profile: Profile) async throws {
            try await World.with(profile) { world in
                for (id, age) in [("young", 14_000), ("old", 16_000), ("ancient", 90_000_000)] {
                    try await world.store.beat(
                        WorkerBeat(id: id, build: "b", queues: [], running: [], state: .up),
                        delivered: [:]
                    )
                    try await world.driver.write { session throws(StoreError) in
                        _ = try session.execute(
                            "update workers set heartbeat_at = heartbeat_at - :age where id = :id",
                            ["age": .int(age), "id": .text(id)]
                        )
                    }
                }
                let workers = try await world.store.workers()
                #expect(workers.map(\.id) == ["young", "old"])
                #expect(workers.map(\.state) == [.up, .gone])
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
                let first: [(QueueAddress, Int)] = [(QueueAddress("alpha"), 0), (QueueAddress("beta"), 3)]
                #expect(try await world.store.sample(first))
                #expect(try await world.store.sample(first) == false, "another process has just sampled")
                let record = try await world.store.lanes()
                #expect(record.waiting[QueueAddress("alpha")]?.byIntent == 1)
                #expect(record.waiting[QueueAddress("alpha")]?.overdue == 2)
                let overdueBy = try #require(record.waiting[QueueAddress("alpha")]?.overdueBy)
                #expect(
                    overdueBy > .seconds(86_400)
                        && overdueBy <= Timestamp.now().duration(since: Timestamp(milliseconds: 0))
                )
                #expect(record.waiting[QueueAddress("alpha", .high)]?.byIntent == 1)
                #expect(record.dead == [QueueAddress("alpha"): 1])
                #expect(record.heads[QueueAddress("alpha")]?.emptyAt != nil)
                #expect(record.heads[QueueAddress("beta")]?.emptyAt == nil)
                #expect(record.samples[QueueAddress("beta")]?.map(\.ready) == [3])
                #expect(record.routes == Topology.small().routes.sorted())
            }
        }

        @Test(arguments: Profile.underTest)
        func `what a dead process had taken is back in its lane`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let alpha = QueueAddress("alpha")
                var flow = FlowCounts()
                flow.taken = 10
                try await world.store.add([alpha: flow])
                let held = HeldDeliveries(["alpha": HeldDeliveries.Lane(count: 4, oldest: 5000, unstarted: 6000)])
                let beat = WorkerBeat(id: "w", build: "b", queues: ["alpha"], running: [], held: held, state: .up)
                try await world.store.beat(beat, delivered: [alpha: Timestamp(milliseconds: 9000)])
                var record = try await world.store.lanes()
                #expect(record.heads[alpha]?.unstartedReadyAt == Timestamp(milliseconds: 6000))
                #expect(record.heads[alpha]?.orphanedReadyAt == nil)
                try await world.driver.write { session throws(StoreError) in
                    try session.execute("update workers set heartbeat_at = heartbeat_at - 30000")
                    try session.execute("update queue_heads set delivered_at = delivered_at - 30000")
                }
                #expect(try await world.store.sample([(alpha, 4)]))
                record = try await world.store.lanes()
                #expect(record.taken[alpha] == 6)
                #expect(record.samples[alpha]?.map(\.taken) == [6])
                #expect(record.heads[alpha]?.unstartedReadyAt == nil)
                #expect(record.heads[alpha]?.orphanedReadyAt == Timestamp(milliseconds: 5000))
                // Delivered by a living process long after the death: the front of the lane has passed.
                try await world.store.beat(
                    WorkerBeat(id: "v", build: "b", queues: ["alpha"], running: [], state: .up),
                    delivered: [alpha: Timestamp(milliseconds: 9001)]
                )
                #expect(try await world.store.lanes().heads[alpha]?.orphanedReadyAt == nil)
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
