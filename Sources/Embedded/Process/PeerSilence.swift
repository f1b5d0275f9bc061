/// Finds processes that hold their locks and do not beat: stopped ones, whose jobs must not wait for them.
///
/// A value. Silence is what this process has seen itself, on a clock of its own: after a sleep of the whole machine
/// everybody's last beat is old, and nobody is silent.
struct PeerSilence {
    private struct Seen {
        let beat: Int64
        let since: SuspendingClock.Instant
    }

    private let limit: Duration
    private var seen: [String: Seen] = [:]

    init(limit: Duration) {
        self.limit = limit
    }

    /// - Parameter beats: the last heartbeat of each process that holds messages.
    /// - Returns: those whose beat has not moved for the limit; once each.
    mutating func silent(_ beats: [String: Int64], at now: SuspendingClock.Instant) -> [String] {
        var silent: [String] = []
        var next: [String: Seen] = [:]
        for (process, beat) in beats {
            let known = seen[process].flatMap { $0.beat == beat ? $0 : nil } ?? Seen(beat: beat, since: now)
            if known.since.duration(to: now) >= limit {
                silent.append(process)
            } else {
                next[process] = known
            }
        }
        seen = next
        return silent.sorted()
    }
}
