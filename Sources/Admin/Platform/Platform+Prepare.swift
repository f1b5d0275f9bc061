package import JobCore
import Logging

extension Platform {
    /// Makes the store and the topology fit for work: on the embedded profile by itself, on the cluster by refusing
    /// with the command that a person must run.
    package func prepare(_ manifest: Manifest) async throws {
        switch profile {
        case .embedded:
            try await migrate()
            let changes = try await broker.plan(manifest.topology).filter { $0.action != .delete }
            try await broker.apply(changes, of: manifest.topology)
            try await store.saveRoutes(manifest.topology)
        case .cluster:
            try await store.checkSchema()
            let wanted =
                manifest.topology.queues.flatMap { $0.addresses.map(\.name) } + manifest.topology.deadLetterQueues
            let depths = try await broker.depths(wanted)
            if let missing = wanted.first(where: { depths[$0] == nil }) {
                throw BrokerError.queueMissing("\(missing): run `jobctl topology apply`")
            }
        }
    }

    /// For a process that goes on: a broker or store that is away when it starts is waited for, as it would be later. What a
    /// person must mend (a missing queue, an old schema) ends it with the command.
    /// - Parameter manifest: nil where there are no declarations; then only the store is looked at.
    func prepareWhenPossible(_ manifest: Manifest?, _ logger: Logger) async throws {
        var backoff = Backoff(base: .milliseconds(200), cap: .seconds(5))
        while true {
            do {
                if let manifest { return try await prepare(manifest) }
                return try await store.checkSchema()
            } catch let error as StoreError where error.isRetryable {
                logger.warning("starting waits for the store", metadata: [LogKey.error: "\(error)"])
            } catch let error as BrokerError where error.isRetryable {
                logger.warning("starting waits for the broker", metadata: [LogKey.error: "\(error)"])
            }
            try await Task.sleep(for: backoff.next())
        }
    }
}
