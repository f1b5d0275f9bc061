/// What a zone's clocks show when: the system's zone file, with the changes its rule foretells until 2100.
///
/// Foundation's own table is built into the toolchain and its version cannot be told; the system's is kept by the
/// distribution, and a change of the law arrives with an update of tzdata and a restart.
package struct TimeZoneRules: Sendable, Equatable {
    /// From `at` (seconds since the epoch) clocks are `offset` seconds ahead of UTC.
    struct Change: Sendable, Equatable {
        let at: Int64
        let offset: Int
    }

    /// The IANA name.
    package let name: String
    private let first: Int
    private let changes: [Change]

    init(name: String, first: Int, changes: [Change]) {
        self.name = name
        self.first = first
        self.changes = changes
    }

    package static let utc = TimeZoneRules(name: "UTC", first: 0, changes: [])

    /// The offset in force and the index of the change that brought it, -1 before the first.
    private func state(at seconds: Int64) -> (index: Int, offset: Int) {
        var low = 0
        var high = changes.count
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].at <= seconds { low = middle + 1 } else { high = middle }
        }
        return (low - 1, low == 0 ? first : changes[low - 1].offset)
    }

    private func offset(before index: Int) -> Int { index == 0 ? first : changes[index - 1].offset }

    /// What the wall shows, whole seconds.
    package func civil(at seconds: Int64) -> CivilTime {
        CivilTime(seconds: seconds + Int64(state(at: seconds).offset))
    }

    /// The instant at which the wall first shows this; for a reading that is skipped, the first instant after the gap.
    package func instant(of civil: CivilTime) -> Int64 {
        // Candidates: the offset before and after each change near by; no zone ever moved by more than a day.
        let (index, offset) = state(at: civil.seconds - 86_400 - 1)
        var current = offset
        for next in (index + 1)..<max(index + 1, changes.count) {
            let change = changes[next]
            let candidate = civil.seconds - Int64(current)
            if candidate < change.at { return candidate }
            // The wall jumps over it: the change itself is the first instant after the gap.
            if civil.seconds - Int64(change.offset) < change.at { return change.at }
            current = change.offset
        }
        return civil.seconds - Int64(current)
    }

    /// The last reading of the wall that is not later than `seconds` and whose first showing is not later either: within
    /// a repeated hour, the end of its first showing.
    package func reached(at seconds: Int64) -> CivilTime {
        let (index, offset) = state(at: seconds)
        let civil = CivilTime(seconds: seconds + Int64(offset))
        guard index >= 0 else { return civil }
        let before = self.offset(before: index)
        // The wall was set back at `changes[index]`: it showed everything below this already.
        let shown = changes[index].at + Int64(before) - 1
        return CivilTime(seconds: max(civil.seconds, shown))
    }
}
