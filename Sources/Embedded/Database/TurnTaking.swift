/// When a writer must leave the database alone after a commit, so that others get their turn. Without a rest the same
/// process wins every time: another one's 95th percentile was 1 031 ms, with it 4 ms.
package struct TurnTaking {
    package static let rest = Duration.milliseconds(1)
    /// How long a commit of somebody else makes us expect another: strangers (a `sqlite3` shell) do not announce.
    package static let memory = Duration.seconds(2)
    /// A stranger that never got a turn has left no trace either.
    package static let longestRun = Duration.milliseconds(50)

    private var foreignUntil: ContinuousClock.Instant?
    private var runningSince: ContinuousClock.Instant?

    package init() {}

    /// The earliest instant of the next transaction.
    package mutating func committed(
        at now: ContinuousClock.Instant,
        someoneWaits: Bool,
        foreignCommit: Bool
    ) -> ContinuousClock.Instant {
        if foreignCommit { foreignUntil = now + TurnTaking.memory }
        let since = runningSince ?? now
        let expected = foreignUntil.map { now < $0 } ?? false
        guard someoneWaits || expected || now - since >= TurnTaking.longestRun else {
            runningSince = since
            return now
        }
        runningSince = now + TurnTaking.rest
        return now + TurnTaking.rest
    }
}
