import JobCore

extension Topology {
    /// Two queues: `alpha` with two lanes, and `beta`. `later.work` is a job of a newer build than the one under test;
    /// `dead.letter` and `lost.letter` lead to where brokers and strangers put what died.
    static func small(limit: Int? = nil) -> Topology {
        let alpha = QueueAddress("alpha")
        return Topology(
            queues: [
                Queue(name: "alpha", lanes: [.high, .normal], maximumLength: limit),
                Queue(name: "beta", lanes: [.normal], maximumLength: nil),
            ],
            routes: [
                Route(routingKey: "alpha.work", job: "alpha.work", address: alpha),
                Route(routingKey: "alpha.work.normal", job: "alpha.work", address: alpha),
                Route(routingKey: "alpha.work.high", job: "alpha.work", address: QueueAddress("alpha", .high)),
                Route(routingKey: "beta.work", job: "beta.work", address: QueueAddress("beta")),
                Route(routingKey: "beta.work.normal", job: "beta.work", address: QueueAddress("beta")),
                Route(routingKey: "later.work", job: "later.work", address: alpha),
                Route(routingKey: "later.work.normal", job: "later.work", address: alpha),
                Route(routingKey: "dead.letter", job: "dead.letter", address: QueueAddress("alpha.dead")),
                Route(routingKey: "lost.letter", job: "lost.letter", address: QueueAddress(Topology.unroutableQueue)),
            ]
        )
    }

    static let alpha = "alpha"
    static let beta = "beta"
}
