import Embedded
import Foundation
import JobCore

extension World {
    static func withEmbedded<R>(
        _ topology: Topology,
        _ signal: Signal,
        _ seal: PayloadSeal?,
        _ body: (World) async throws -> R
    ) async throws -> R {
        let folder = FileManager.default.temporaryDirectory.appending(path: "contract-\(JobID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var settings = DatabaseSettings(path: "\(folder)/jobs.db")
        settings.seal = seal
        let database = try await EmbeddedDatabase.open(settings)
        defer { database.close() }
        let process = try ProcessLock(WorkerLocks(of: database))
        defer { process.release() }
        let world = World(
            profile: .embedded,
            broker: WatchedBroker(EmbeddedBroker(database: database, process: process, logger: quiet), signal: signal),
            driver: WatchedDriver(database, signal: signal),
            signal: signal,
            witness: WorkerLocks(of: database),
            cluster: nil,
            logger: quiet,
            reopen: { seal in
                var settings = DatabaseSettings(path: "\(folder)/jobs.db", opening: .existing)
                settings.seal = seal
                let database = try await EmbeddedDatabase.open(settings)
                return Reopened(store: Store(driver: database)) { database.close() }
            }
        )
        try await world.store.migrateSchema(extra: EmbeddedBroker.migrations)
        try await world.apply(topology)
        return try await body(world)
    }
}
