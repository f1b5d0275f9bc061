/// Finds processes that hold their locks and do not beat: stopped ones, whose jobs must not wait for them.
///
/// A value. Time counts as silence only while somebody's beats arrive: a store that takes nobody's, for a full disk or a
/// lock that is held, says nothing of peers, and after a sleep of the machine everybody's last beat is old.
struct PeerSilence {
    private struct Seen {
        let beat: Int64
        var silence: Duration = .zero
    }

    private let limit: Duration
    /// What one look may add, however long ago the last one was.
    private let step: Duration
    private var seen: [String: Seen] = [:]
    private var lastLook: SuspendingClock.Instant?
    private var newest: Int64 = .min

    init(limit: Duration, step: Duration = .seconds(2)) {
        self.limit = limit
        self.step = step
    }

    /// - Parameters:
    ///   - beats: the last heartbeat of each process that holds messages.
    ///   - newest: the last heartbeat of any process.
    /// - Returns: those that have been silent for the limit; once each.
    mutating func silent(_ beats: [String: Int64], newest: Int64, at now: SuspendingClock.Instant) -> [String] {
        // Beats come once a second, and so do looks: the time of one that saw none goes to the next that does.
        guard newest > self.newest else { return [] }
        let passed = lastLook.map { min($0.duration(to: now), step) } ?? .zero
        (lastLook, self.newest) = (now, newest)
        var silent: [String] = []
        var next: [String: Seen] = [:]
        for (process, beat) in beats {
            var known = seen[process].flatMap { $0.beat == beat ? $0 : nil }
            known?.silence += passed
            let current = known ?? Seen(beat: beat)
            if current.silence >= limit { silent.append(process) } else { next[process] = current }
        }
        seen = next
        return silent.sorted()
    }
}
