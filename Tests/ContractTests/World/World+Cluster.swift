import Foundation
import JobCore
import RabbitMQ
import Synchronization

@testable import Cluster

extension World {
    static func withCluster<R>(
        _ topology: Topology,
        _ signal: Signal,
        _ seal: PayloadSeal?,
        _ body: (World) async throws -> R
    ) async throws -> R {
        let access = try ClusterAccess()
        let database = try ClusterDatabase(
            url: access.databaseURL,
            prefix: access.prefix,
            connections: 3,
            seal: seal,
            logger: quiet
        )
        let broker = try ClusterBroker(
            url: access.brokerURL,
            managementURL: access.managementURL,
            prefix: access.prefix,
            process: access.prefix,
            logger: quiet
        )
        let world = World(
            profile: .cluster,
            broker: WatchedBroker(broker, signal: signal),
            driver: WatchedDriver(database, signal: signal),
            signal: signal,
            witness: HeartbeatWitness(worker: ""),
            cluster: access,
            logger: quiet,
            reopen: { seal in
                let database = try ClusterDatabase(
                    url: access.databaseURL,
                    prefix: access.prefix,
                    connections: 1,
                    seal: seal,
                    logger: quiet
                )
                return Reopened(store: Store(driver: database)) { await database.close() }
            }
        )
        let result: Result<R, any Error>
        do {
            try await world.store.migrateSchema()
            try await world.apply(topology)
            result = .success(try await body(world))
        } catch {
            result = .failure(error)
        }
        await broker.close()
        try await access.sweep(database)
        await database.close()
        return try result.get()
    }
}

/// The nodes, and this world's part of them.
final class ClusterAccess: Sendable {
    let brokerURL: String
    let managementURL: String
    let databaseURL: String
    let prefix: String
    private let topologies = Mutex<[Topology]>([])

    init() throws {
        brokerURL = try MissingPeer.value("JOBS_TEST_AMQP_URL")
        managementURL = try MissingPeer.value("JOBS_TEST_MANAGEMENT_URL")
        databaseURL = try MissingPeer.value("JOBS_TEST_POSTGRES_URL")
        prefix = "t\(String(UInt64.random(in: 0...UInt64.max), radix: 36))."
    }

    func remember(_ topology: Topology) {
        topologies.withLock { $0.append(topology) }
    }

    /// Publishes as a program of another make would: straight to an exchange, with whatever body.
    func publish(_ message: AMQPMessage) async throws {
        let publisher = AMQPPublisher(try AMQPConfiguration(url: brokerURL), logger: World.quiet)
        try await publisher.waitUntilConnected(within: .seconds(10))
        let result = await publisher.publish([message], deadline: .seconds(10))[0]
        await publisher.close()
        try result.get()
    }

    /// What somebody with RabbitMQ's own tools does.
    func bind(_ queue: String, to exchange: String, key: String) async throws {
        let control = AMQPControl(try AMQPConfiguration(url: brokerURL), logger: World.quiet)
        try await control.bindQueue(prefix + queue, exchange: prefix + exchange, routingKey: key)
        await control.close()
    }

    /// Removes everything this world had declared.
    func sweep(_ database: ClusterDatabase) async throws {
        let schema = "\"\(prefix)jobs\""
        try await database.migrate { session throws(StoreError) in try session.execute("drop schema \(schema) cascade")
        }
        let configuration = try AMQPConfiguration(url: brokerURL)
        let control = AMQPControl(configuration, logger: World.quiet)
        let management = try ManagementClient(url: managementURL, virtualHost: configuration.virtualHost)
        for topology in topologies.withLock({ $0 }) {
            let objects = BrokerObjects(topology, prefix: prefix)
            for queue in objects.queues { try await control.deleteQueue(queue) }
            for exchange in objects.exchanges.keys { try await control.deleteExchange(exchange) }
            for policy in objects.policies.keys { try await management.deletePolicy(policy) }
        }
        management.close()
        await control.close()
    }
}
