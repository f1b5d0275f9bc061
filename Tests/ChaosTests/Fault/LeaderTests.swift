import Admin
import Foundation
import JobCore
import Synchronization
import Testing

extension Chaos {
    /// Three RabbitMQ nodes; the one that leads the queue is killed under load, again and again, and then all are restarted
    /// in turn. Booting three nodes takes half a minute: the short form kills once, and is the longest of all.
    @Suite(.serialized, .timeLimit(.minutes(30))) struct `A cluster of brokers` {
        private static let kills = Ground.isFull ? 20 : 1
        private static let restarts = Ground.isFull ? [1, 2, 3] : []

        @Test(arguments: Ground.profiles.filter { $0 == .cluster })
        func `loses no confirmed job when its leader is killed, nor when its nodes are restarted in turn`(
            _ profile: Profile
        ) async throws {
            let cluster = BrokerCluster()
            let ground = try await Ground.prepare(profile, "leader", adding: try await cluster.start())
            let ledger = Ledger(ground: ground)
            let queue = "\(ground.environment["JOBS_PREFIX"] ?? "")system"
            try await until("all members are online") { try await cluster.online(queue) == 3 }
            let crew = Crew(ground)
            await crew.hire(workers: 2, schedulers: 1)
            let load = SteadyLoad(broker: ground.platform.broker)
            let loading = Task { try await load.run() }
            try await until("work is done") { try await ledger.effectCount() > 0 }

            for number in 1...Self.kills {
                let leader = try await cluster.leader(of: queue)
                print("leader kill \(number) of \(Self.kills): node \(leader)")
                try await cluster.kill(leader)
                try await until("publishing goes on without it") { load.confirmedSince(.now - .milliseconds(500)) }
                try await cluster.start(leader)
                try await until("all members are online") { try await cluster.online(queue) == 3 }
            }
            let gapOfKills = load.longestGap
            for node in Self.restarts {
                try await cluster.stop(node)
                try await until("publishing goes on without it") { load.confirmedSince(.now - .milliseconds(500)) }
                try await cluster.start(node)
                try await until("all members are online") { try await cluster.online(queue) == 3 }
            }
            loading.cancel()
            let (confirmed, unconfirmed, refused) = try await loading.value
            try await until("all that was confirmed is done", within: .seconds(120)) {
                confirmed.isSubset(of: Set(try await ledger.effects().map(\.id)))
            }
            try await until("nothing is left", within: .seconds(60)) { try await ledger.left() == 0 }
            #expect(try await crew.dismiss().allSatisfy { $0 == .status(0) })
            let effects = try await ledger.effects()
            let lost = confirmed.subtracting(effects.map(\.id))
            #expect(lost.isEmpty)
            #expect(try await ledger.dead() == 0)
            #expect(await crew.ownExits == 0, "a daemon ended by itself")
            print(
                "leader kills: \(Self.kills), then \(Self.restarts.count) restarts in turn; confirmed \(confirmed.count), "
                    + "lost \(lost.count), ran twice \(effects.count - Set(effects.map(\.id)).count), unconfirmed "
                    + "\(unconfirmed), refused \(refused), longest confirm gap \(gapOfKills.milliseconds) ms at kills, "
                    + "\(load.longestGap.milliseconds) ms in all"
            )
            await ground.platform.close()
            try await cluster.remove()
        }
    }
}

/// Ten jobs twenty times a second, each confirmed within five seconds or counted as what it was told.
private final class SteadyLoad: Sendable {
    private struct State {
        var last = ContinuousClock.now
        var longestGap: Duration = .zero
    }

    private let broker: any Broker
    private let state = Mutex(State())

    init(broker: any Broker) {
        self.broker = broker
    }

    /// Between two publishes that were confirmed, seen from the caller.
    var longestGap: Duration { state.withLock { $0.longestGap } }

    func confirmedSince(_ instant: ContinuousClock.Instant) -> Bool { state.withLock { $0.last >= instant } }

    /// Until cancelled.
    func run() async throws -> (confirmed: Set<JobID>, unconfirmed: Int, refused: Int) {
        var confirmed: Set<JobID> = []
        var (unconfirmed, refused) = (0, 0)
        state.withLock { $0.last = .now }
        while !Task.isCancelled {
            let probes = (0..<10).map { _ in Probe(job: SystemProbe(record: true)) }
            let messages = try probes.map { probe in
                WireMessage(
                    routingKey: SystemProbe.name.rawValue,
                    body: try PayloadCoding.encode(probe.job),
                    messageID: probe.id.description
                )
            }
            for (probe, result) in zip(probes, await broker.publish(messages, deadline: .seconds(5))) {
                switch result {
                case .success: confirmed.insert(probe.id)
                case .failure(.unconfirmed): unconfirmed += 1
                case .failure: refused += 1
                }
                if case .success = result {
                    state.withLock { state in
                        let now = ContinuousClock.now
                        state.longestGap = max(state.longestGap, now - state.last)
                        state.last = now
                    }
                }
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return (confirmed, unconfirmed, refused)
    }
}
