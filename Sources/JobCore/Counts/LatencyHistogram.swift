/// Counts of durations in buckets that grow by a factor of 2^(1/8), so that a percentile is right within 9 %.
/// Mergeable across processes: a bucket's number means the same everywhere.
package struct LatencyHistogram: Sendable, Equatable {
    package private(set) var jobs: [Int: Int64] = [:]

    package init() {}

    package init(jobs: [Int: Int64]) {
        self.jobs = jobs
    }

    package mutating func record(milliseconds: Int64) {
        jobs[LatencyHistogram.bucket(milliseconds), default: 0] += 1
    }

    package mutating func merge(_ other: LatencyHistogram) {
        jobs.merge(other.jobs, uniquingKeysWith: +)
    }

    /// What was counted after an earlier state of the same counts.
    package func since(_ earlier: LatencyHistogram) -> LatencyHistogram {
        LatencyHistogram(
            jobs: jobs.merging(earlier.jobs) { max(0, $0 - $1) }.filter { $0.value > 0 && jobs[$0.key] != nil }
        )
    }

    /// Bucket 0 holds 0 and 1 ms; bucket b > 0 ends at 2^(b/8) ms; the last one, 2^61 ms, takes everything beyond.
    package static func bucket(_ milliseconds: Int64) -> Int {
        guard milliseconds > 1 else { return 0 }
        let milliseconds = min(milliseconds, 1 << 61)
        let octave = 63 - milliseconds.leadingZeroBitCount
        var bucket = octave * 8
        while upperBound(bucket) < milliseconds { bucket += 1 }
        return bucket
    }

    /// The largest duration in a bucket, ms.
    package static func upperBound(_ bucket: Int) -> Int64 {
        guard bucket > 0 else { return 1 }
        let octave = Int64(1) << Int64(min(bucket / 8, 61))
        return Int64((Double(octave) * fractions[bucket % 8]).rounded(.up))
    }

    private static let fractions: [Double] = [
        1, 1.0905077326652577, 1.189207115002721, 1.2968395546510096, 1.4142135623730951, 1.5422108254079407,
        1.681792830507429, 1.8340080864093424,
    ]

    /// The duration that `share` (0…1) of the jobs did not exceed, ms; nil when nothing was counted.
    package func percentile(_ share: Double) -> Int64? {
        let total = jobs.values.reduce(0, +)
        guard total > 0 else { return nil }
        let rank = Int64((Double(total) * share).rounded(.up))
        var seen: Int64 = 0
        for bucket in jobs.keys.sorted() {
            seen += jobs[bucket] ?? 0
            if seen >= max(rank, 1) { return LatencyHistogram.upperBound(bucket) }
        }
        return nil
    }
}
