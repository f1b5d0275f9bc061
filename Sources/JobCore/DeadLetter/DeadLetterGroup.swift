/// Letters that died of the same cause.
package struct DeadLetterGroup: Sendable, Equatable {
    package let fingerprint: String
    /// The newest letter's, as are queue, error type and message.
    package let job: String
    package let queue: String
    package let errorType: String
    package let errorMessage: String
    package let count: Int64
    package let firstSeen: Timestamp
    package let lastSeen: Timestamp
    package let builds: [String]
    /// How many of them had been replayed and died again.
    package let returned: Int64
}

/// Adds up letters, or counts of letters, by fingerprint.
struct DeadLetterTally {
    struct Sum {
        var count: Int64 = 0
        var firstSeen = Timestamp(milliseconds: .max)
        var lastSeen = Timestamp(milliseconds: .min)
        var newest: Int64 = 0
        var builds: Set<String> = []
        var returned: Int64 = 0
    }

    private(set) var sums: [String: Sum] = [:]

    mutating func add(
        _ fingerprint: String,
        count: Int64,
        first: Timestamp,
        last: Timestamp,
        newest: Int64,
        build: String,
        returned: Int64
    ) {
        var sum = sums[fingerprint] ?? Sum()
        sum.count += count
        sum.firstSeen = min(sum.firstSeen, first)
        sum.lastSeen = max(sum.lastSeen, last)
        sum.newest = max(sum.newest, newest)
        sum.builds.insert(build)
        sum.returned += returned
        sums[fingerprint] = sum
    }

    mutating func add(_ letter: LetterRecord) {
        add(
            letter.fingerprint,
            count: 1,
            first: letter.failedAt,
            last: letter.failedAt,
            newest: letter.letterID,
            build: letter.build,
            returned: letter.deathID.contains(":replay:") ? 1 : 0
        )
    }

    /// The largest groups first.
    func largest(_ limit: Int) -> [(fingerprint: String, sum: Sum)] {
        let ordered = sums.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
        return ordered.prefix(limit).map { ($0.key, $0.value) }
    }
}
