package import JobCore

/// How one SQLite file is opened.
package struct DatabaseSettings: Sendable {
    package enum Opening: Sendable {
        /// Creates the file (mode 600) and its folder when they are missing.
        case create
        /// Reads and writes, but fails with `unavailable` when there is no file.
        case existing
        /// For verbs that only look: never creates anything, and refuses `write` and `migrate`.
        case readOnly
    }

    package var path: String
    package var opening: Opening
    /// How long a write may wait for its turn, from the call on, before it fails with `busy`.
    package var busyDeadline: Duration = .seconds(5)
    /// How long one transaction takes in further waiting closures. Others write meanwhile at the earliest after it.
    package var groupBudget: Duration = .milliseconds(20)
    /// Threads, each with a connection of its own, that run reads. At least 1.
    package var readers = 2
    /// What `now_ms()` answers.
    package var clock: @Sendable () -> Timestamp = { Timestamp.now() }
    /// What `due_ms()` makes of it.
    package var scheduleClock = ScheduleClock.real
    /// Encrypts payloads; nil leaves them as they are.
    package var seal: PayloadSeal?

    package init(path: String, opening: Opening = .create) {
        self.path = path
        self.opening = opening
    }

    /// Where processes hold their locks, beside the file.
    var locksDirectory: String { "\(path).workers" }
}
