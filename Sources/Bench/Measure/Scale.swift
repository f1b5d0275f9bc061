/// How much is done for each figure.
struct Scale: Codable, Sendable {
    /// Enqueued by 100 callers, one job a call; with `batched` they are what is preloaded before a drain.
    let single: Int
    /// Enqueued in calls of 500.
    let batched: Int
    let crowd: Int
    /// Drained once fresh and once redelivered. A consumer can hold at most 65 535.
    let redelivered: Int
    let promoted: Int
    /// Of each rate of the latency measurement.
    let latencySeconds: Int
    let idleSeconds: Int
    /// Throughput is measured this often, all of it in turn; the median counts.
    let rounds: Int

    var preloaded: Int { single + batched }

    static let full = Scale(
        single: 20_000,
        batched: 80_000,
        crowd: 20_000,
        redelivered: 50_000,
        promoted: 10_000,
        latencySeconds: 15,
        idleSeconds: 10,
        rounds: 3
    )
    static let quick = Scale(
        single: 4_000,
        batched: 16_000,
        crowd: 4_000,
        redelivered: 20_000,
        promoted: 2_000,
        latencySeconds: 3,
        idleSeconds: 5,
        rounds: 1
    )
}
