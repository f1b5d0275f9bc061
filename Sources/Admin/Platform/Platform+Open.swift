import Cluster
import Embedded
package import JobCore
package import Logging

extension Platform {
    /// Opens broker and store. On the embedded profile everything but a look creates the file; on the cluster nothing
    /// is created here, and connections are made when they are first needed.
    package static func open(
        _ configuration: PlatformConfiguration,
        purpose: PlatformPurpose,
        families: [Migration] = [],
        logger: Logger
    ) async throws -> Platform {
        switch configuration.choice {
        case .embedded(let path):
            try await openEmbedded(path, configuration, purpose, families, logger)
        case .cluster(let broker, let database, let management):
            try await openCluster(broker, database, management, configuration, purpose, families, logger)
        }
    }

    private static func openEmbedded(
        _ path: String,
        _ configuration: PlatformConfiguration,
        _ purpose: PlatformPurpose,
        _ families: [Migration],
        _ logger: Logger
    ) async throws -> Platform {
        var settings = DatabaseSettings(path: path, opening: purpose == .look ? .readOnly : .create)
        settings.scheduleClock = configuration.clock
        settings.seal = configuration.seal
        let database = try await EmbeddedDatabase.open(settings)
        let store = Store(driver: database, families: families)
        let process = purpose == .daemon ? try ProcessLock(WorkerLocks(of: database)) : nil
        let broker = EmbeddedBroker(database: database, process: process, logger: logger)
        // The watch over dead peers reads the broker's tables, so a daemon's store is made fit first.
        if process != nil { try await store.migrateSchema(extra: EmbeddedBroker.migrations) }
        let watch = process.map { process in
            let watch = PeerWatch(process: process, broker: broker, logger: logger)
            return Task { await watch.run() }
        }
        return Platform(
            profile: .embedded,
            broker: broker,
            store: store,
            display: "embedded \(path)",
            processID: process?.bootID ?? JobID().description,
            witness: WorkerLocks(of: database),
            clock: configuration.clock,
            storeFolder: "/" + path.split(separator: "/").dropLast().joined(separator: "/"),
            migrating: { () throws(StoreError) in try await store.migrateSchema(extra: EmbeddedBroker.migrations) },
            closing: {
                watch?.cancel()
                await watch?.value
                if let process { _ = try? await broker.returnClaims(of: process.bootID) }
                database.close()
                process?.release()
            }
        )
    }

    private static func openCluster(
        _ brokerURL: String,
        _ databaseURL: String,
        _ management: String?,
        _ configuration: PlatformConfiguration,
        _ purpose: PlatformPurpose,
        _ families: [Migration],
        _ logger: Logger
    ) async throws -> Platform {
        let processID = JobID().description
        let database = try ClusterDatabase(
            url: databaseURL,
            prefix: configuration.prefix,
            connections: purpose == .daemon ? 6 : 2,
            clock: configuration.clock,
            seal: configuration.seal,
            logger: logger
        )
        let broker = try ClusterBroker(
            url: brokerURL,
            managementURL: management,
            security: configuration.security,
            prefix: configuration.prefix,
            process: processID,
            logger: logger
        )
        let store = Store(driver: database, families: families)
        var apart: [ClusterDatabase] = []
        for url in configuration.outboxURLs {
            apart.append(
                try ClusterDatabase(url: url, prefix: configuration.prefix, connections: 2, logger: logger)
            )
        }
        let producers = apart
        let outboxes = producers.isEmpty ? [database] : producers
        return Platform(
            profile: .cluster,
            broker: broker,
            store: store,
            display: "cluster \(broker.display) \(database.display)",
            processID: processID,
            witness: HeartbeatWitness(worker: processID),
            clock: configuration.clock,
            outboxes: outboxes.map { Outbox(driver: $0, display: $0.display) },
            schema: configuration.prefix + "jobs",
            migrating: { () throws(StoreError) in try await store.migrateSchema() },
            closing: {
                await broker.close()
                for producer in producers { await producer.close() }
                await database.close()
            }
        )
    }
}
