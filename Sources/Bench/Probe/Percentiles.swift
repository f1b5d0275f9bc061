/// Of durations, in microseconds. Nil when there were none.
struct Percentiles: Codable, Sendable {
    let p50: Int64
    let p95: Int64
    let p99: Int64

    init?(_ durations: [Int64]) {
        guard !durations.isEmpty else { return nil }
        let sorted = durations.sorted()
        func at(_ share: Double) -> Int64 { sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] }
        (p50, p95, p99) = (at(0.5), at(0.95), at(0.99))
    }
}
