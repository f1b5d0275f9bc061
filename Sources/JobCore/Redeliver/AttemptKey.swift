/// Which attempt of which run of a job: what marks and letters are compared by.
package struct AttemptKey: Sendable, Hashable {
    package let id: JobID
    /// The replay that began this run; empty for the first. A replay counts its attempts from one again.
    package let run: String
    package let attempt: Int
    /// The message's ready-at, set at every publish: a snoozed job comes back with the same attempt and a later one.
    package let readyAt: Timestamp

    package init(id: JobID, run: String = "", attempt: Int, readyAt: Timestamp) {
        self.id = id
        self.run = run
        self.attempt = attempt
        self.readyAt = readyAt
    }

    /// Nil for a message without an id that can be looked up. Headers that make no sense are left to the attempt, which
    /// says what is wrong with them.
    package init?(_ message: WireMessage) {
        guard let id = message.messageID.flatMap({ JobID($0) }) else { return nil }
        self.init(
            id: id,
            run: message.headers[HeaderName.replayOperation]?.string ?? "",
            attempt: message.headers[HeaderName.attempt]?.integer ?? 1,
            readyAt: message.readyAt ?? Timestamp(milliseconds: 0)
        )
    }

    /// Of the columns `job_id`, `run`, `attempt` and `ready_at`.
    init(row: SQLRow) throws(StoreError) {
        self.init(
            id: try row.id("job_id"),
            run: try row.text("run"),
            attempt: Int(clamping: try row.int("attempt")),
            readyAt: try row.instant("ready_at")
        )
    }

    /// True when knowing `other` to be over means that this one is over as well.
    func isOver(with other: AttemptKey) -> Bool {
        run == other.run && (attempt, readyAt) <= (other.attempt, other.readyAt)
    }
}
