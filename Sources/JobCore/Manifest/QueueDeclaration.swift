/// A queue as the manifest declares it.
package struct QueueDeclaration: Sendable, Equatable {
    /// `[a-z0-9_]+`, at most 60 bytes.
    package let name: String
    /// The lanes in use, highest first; default `normal` alone.
    package var lanes: [Lane] = [.normal]
    /// Jobs that one process runs at once, over all lanes: 1…1000, default 16.
    package var concurrency = 16
    /// Deliveries fetched and not yet acknowledged, per process: 1…5000; nil lets the pool measure it.
    package var credit: Int?
    /// Ready messages a lane accepts before it refuses publishes; nil (`none`) for no limit. Default 1 000 000.
    package var maximumLength: Int? = 1_000_000
    /// Lag beyond which the queue is late. Default 5 min.
    package var lagThreshold: Duration = .seconds(300)
    /// What the queue's workers call: while the breaker of one is open, the queue is parked.
    package var dependencies: [String] = []
    package let declaredAt: ManifestPlace

    package init(name: String, declaredAt: ManifestPlace) {
        self.name = name
        self.declaredAt = declaredAt
    }
}
