package import JobCore

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
}
