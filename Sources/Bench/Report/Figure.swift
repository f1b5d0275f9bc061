import Admin

/// Everything that is measured, in the order of the table.
enum Figure: String, Codable, CaseIterable, Sendable {
    case barePublish = "bare_publish"
    case bareConsume = "bare_consume"
    case bareCPU = "bare_consume_cpu"
    case enqueueSingle = "enqueue_100_callers"
    case enqueueBatches = "enqueue_batches"
    case drain
    case drainShare = "drain_share_of_bare"
    case redelivered = "drain_redelivered"
    case redeliveredShare = "drain_redelivered_share"
    case bareRedeliveredShare = "bare_consume_redelivered_share"
    case both = "enqueue_and_drain"
    case crowdRate = "four_producers"
    case crowdCall = "four_producers_call_p95"
    case latency200p50 = "latency_200_p50"
    case latency200p95 = "latency_200_p95"
    case latency1000p50 = "latency_1000_p50"
    case latency1000p95 = "latency_1000_p95"
    case promoter
    case relay
    case workerCPU = "worker_cpu"
    case workerMemory = "worker_memory"
    case idleCPU = "idle_cpu"

    var label: String {
        switch self {
        case .barePublish: "bare room: publish, confirmed batches of 500"
        case .bareConsume: "bare room: consume, prefetch 1000"
        case .bareCPU: "bare room: CPU of the consumer"
        case .enqueueSingle: "enqueue, 100 single callers"
        case .enqueueBatches: "enqueue, batches of 500"
        case .drain: "drain what was preloaded"
        case .drainShare: "drain, share of the bare room"
        case .redelivered: "drain what somebody who died had held"
        case .redeliveredShare: "  share of the same jobs fresh"
        case .bareRedeliveredShare: "  the same share in the bare room"
        case .both: "enqueue and drain at once"
        case .crowdRate: "four processes enqueue, one drains"
        case .crowdCall: "  p95 of a call"
        case .latency200p50: "enqueue to start at 200/s, p50"
        case .latency200p95: "enqueue to start at 200/s, p95"
        case .latency1000p50: "enqueue to start at 1000/s, p50"
        case .latency1000p95: "enqueue to start at 1000/s, p95"
        case .promoter: "promoter"
        case .relay: "outbox relay"
        case .workerCPU: "CPU of the worker while draining"
        case .workerMemory: "peak memory of the worker"
        case .idleCPU: "CPU of an idle worker"
        }
    }

    var unit: String {
        switch self {
        case .barePublish, .bareConsume, .enqueueSingle, .enqueueBatches, .drain, .redelivered, .both, .crowdRate,
            .promoter, .relay:
            "jobs/s"
        case .bareCPU, .workerCPU: "µs/job"
        case .drainShare, .redeliveredShare, .bareRedeliveredShare: ""
        case .crowdCall, .latency200p50, .latency200p95, .latency1000p50, .latency1000p95: "ms"
        case .workerMemory: "MB"
        case .idleCPU: "%"
        }
    }

    /// What is to be reached on two cores shared with the broker; nil where nothing was promised.
    func target(on profile: Profile) -> Target? {
        switch (self, profile) {
        case (.bareConsume, .cluster): .atLeast(45_000)
        case (.drain, .cluster): .atLeast(40_000)
        case (.drainShare, .cluster): .atLeast(0.6)
        case (.enqueueBatches, .cluster): .atLeast(25_000)
        case (.both, .cluster): .atLeast(15_000)
        case (.workerCPU, .cluster): .atMost(20)
        case (.latency1000p50, .cluster): .atMost(2)
        case (.enqueueBatches, .embedded): .atLeast(50_000)
        case (.enqueueSingle, .embedded): .atLeast(8_000)
        case (.drain, .embedded): .atLeast(20_000)
        case (.latency200p50, .embedded): .atMost(15)
        case (.redeliveredShare, _): .atLeast(0.8)
        case (.promoter, _), (.relay, _): .atLeast(5_000)
        case (.idleCPU, _): .atMost(1)
        case (.workerMemory, _): .atMost(80)
        default: nil
        }
    }
}

enum Target: Sendable, Equatable {
    case atLeast(Double)
    case atMost(Double)

    func isMet(by value: Double) -> Bool {
        switch self {
        case .atLeast(let least): value >= least
        case .atMost(let most): value <= most
        }
    }
}
