import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// A real disk that is really full.
    @Suite(.serialized, .timeLimit(.minutes(15)), .enabled(if: SmallDisk.isAvailable, "needs the right to mount"))
    struct `A full disk` {
        @Test(arguments: Ground.profiles.filter { $0 == .embedded })
        func `under SQLite refuses enqueues with the remedy, parks the workers, and loses nothing`(
            _ profile: Profile
        ) async throws {
            let disk = try SmallDisk("\(Undertaker.shared.folder)/disk-\(UUID().uuidString.prefix(4))", megabytes: 24)
            let url = "sqlite://\(disk.folder)/jobs.db"
            let variables = ["JOBS_BROKER_URL": url, "JOBS_DATABASE_URL": url]
            let ground = try await Ground.prepare(profile, "full-disk", adding: variables, concurrency: 4)
            let ledger = Ledger(ground: ground)
            let worker = try ground.start(["work", "--queues", "system"], log: "worker")
            let probes = (0..<120).map { _ in Probe(job: SystemProbe(workMs: 100, record: true)) }
            #expect(try await ClientSink(ground).enqueue(probes).count == probes.count)
            try await until("some are done, and some are not") { try await ledger.effectCount() >= 10 }

            try disk.fill()
            let (refused, confirmed) = try await untilRefused(ground)
            let start = ContinuousClock.now
            let command = try ground.start(
                ["enqueue", SystemProbe.name.rawValue, "--payload", #"{"record":true}"#],
                log: "enqueue"
            )
            #expect(await command.ended() == .status(4))
            let took = ContinuousClock.now - start
            let said = try String(contentsOfFile: ground.folder + "/enqueue.log", encoding: .utf8)
            #expect(said.contains("disk is full"), "\(said)")
            #expect(took < .seconds(5))
            try await until("the worker has parked", within: .seconds(60)) {
                try String(contentsOfFile: ground.folder + "/worker.log", encoding: .utf8).contains("parked")
            }
            let before = try await ledger.effectCount()
            #expect(before < probes.count, "the disk was filled too late")

            disk.makeRoom()
            let freed = ContinuousClock.now
            let all = Set(probes.map(\.id)).union(confirmed)
            try await until("all are done", within: .seconds(60)) {
                try await ledger.finished(besides: []) >= all.count
            }
            let recovery = ContinuousClock.now - freed
            try await until("nothing is left") { try await ledger.left() == 0 }
            let effects = try await ledger.effects()
            #expect(all.isSubset(of: effects.map(\.id)))
            #expect(effects.allSatisfy { $0.attempt == 1 }, "an attempt was burned")
            #expect(try await ledger.dead() == 0)
            let verdict = try await ground.platform.store.driver.read { session throws(StoreError) in
                try session.query("pragma integrity_check").map { row throws(StoreError) in
                    try row.text("integrity_check")
                }
            }
            #expect(verdict == ["ok"])
            worker.signal(SIGTERM)
            #expect(await worker.ended() == .status(0))
            print(
                "full disk, SQLite: confirmed \(all.count), refused \(refused) with the remedy, lost 0, burned 0, "
                    + "all done \(recovery.milliseconds) ms after there was room, integrity ok"
            )
            await ground.platform.close()
        }

        @Test(arguments: Ground.profiles.filter { $0 == .cluster })
        func `under the broker confirms nothing falsely, and what was confirmed outlives it`(
            _ profile: Profile
        ) async throws {
            let disk = try SmallDisk("\(Undertaker.shared.folder)/disk-\(UUID().uuidString.prefix(4))", megabytes: 96)
            let broker = BrokerCluster(folder: disk.folder, size: 1)
            let ground = try await Ground.prepare(profile, "full-broker", adding: try await broker.start())
            let ledger = Ledger(ground: ground)
            // RabbitMQ's own alarm would come first, as it should: it is silenced, so that the disk is really full.
            try await broker.evaluate("rabbit_disk_monitor:set_disk_free_limit(0).")
            var load = FillingLoad(broker: ground.platform.broker)
            try await load.publish(calls: 20)
            #expect(load.confirmed.count == 20 * FillingLoad.batch)
            try disk.fill()
            // Until it takes no more, by whatever end: refused, unconfirmed, or gone.
            try await load.publishUntilRefused(within: .seconds(60))
            let before = load.confirmed.count
            disk.makeRoom()
            let wasUp = await broker.isUp(1)
            if wasUp { try await broker.kill(1) }
            try await broker.start(1)
            try await broker.evaluate("rabbit_disk_monitor:set_disk_free_limit(0).")
            let worker = try ground.start(["work", "--queues", "system"], log: "worker")
            try await until("it takes jobs again") {
                try await load.publish(calls: 1)
                return load.confirmed.count > before
            }
            let confirmed = load.confirmed
            try await until("all that was confirmed is done", within: .seconds(120)) {
                confirmed.isSubset(of: Set(try await ledger.effects().map(\.id)))
            }
            worker.signal(SIGTERM)
            #expect(await worker.ended() == .status(0))
            #expect(try await ledger.dead() == 0)
            print(
                "full disk, broker: confirmed \(confirmed.count), lost 0, unanswered or refused \(load.refused) "
                    + "(\(load.errors.sorted().joined(separator: " "))), the node \(wasUp ? "went on" : "ended by itself")"
            )
            await ground.platform.close()
            try await broker.remove()
        }

        /// Enqueues until nothing is taken any more: what was already allocated in the files may take some.
        private func untilRefused(_ ground: Ground) async throws -> (refused: Int, confirmed: Set<JobID>) {
            let client = JobClient(broker: ground.platform.broker, store: ground.platform.store)
            var confirmed: Set<JobID> = []
            var refused = 0
            while refused < 3 {
                let probe = SystemProbe(record: true, note: String(repeating: "x", count: 900))
                do {
                    confirmed.insert(try await client.enqueue(probe).id)
                } catch {
                    #expect("\(error)".contains("disk is full"), "\(error)")
                    refused += 1
                }
            }
            return (refused, confirmed)
        }
    }
}

/// Publishes recorded probes with 4 KB of payload.
private struct FillingLoad {
    static let batch = 50

    let broker: any Broker
    private(set) var confirmed: Set<JobID> = []
    private(set) var refused = 0
    private(set) var errors: Set<String> = []

    init(broker: any Broker) {
        self.broker = broker
    }

    mutating func publish(calls: Int) async throws {
        let note = String(repeating: "x", count: 4_000)
        for _ in 0..<calls {
            let probes = (0..<Self.batch).map { _ in Probe(job: SystemProbe(record: true, note: note)) }
            let messages = try probes.map { probe in
                WireMessage(
                    routingKey: SystemProbe.name.rawValue,
                    body: try PayloadCoding.encode(probe.job),
                    messageID: probe.id.description
                )
            }
            for (probe, result) in zip(probes, await broker.publish(messages, deadline: .seconds(3))) {
                switch result {
                case .success: confirmed.insert(probe.id)
                case .failure(let error):
                    refused += 1
                    errors.insert(error.label)
                }
            }
        }
    }

    mutating func publishUntilRefused(within limit: Duration) async throws {
        let end = ContinuousClock.now + limit
        while refused < 2 * Self.batch {
            guard ContinuousClock.now < end else { throw StageError("a full disk refuses nothing") }
            try await publish(calls: 1)
        }
    }
}
