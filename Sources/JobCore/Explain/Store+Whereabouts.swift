/// Where a job is, as far as the store can tell.
package struct Whereabouts: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
        case waiting, running, dead, replayed
        /// Taken away by a person: out of the letters, into a file, or before it ran.
        case purged, drained, cancelled
    }

    package let job: JobName
    package let state: State
    /// Nil where only its worker knows it.
    package let attempt: Int?
    package let dueAt: Timestamp?
    /// Label of its last failure, never its message.
    package let error: String?
}

extension Store {
    /// Nil for a job that is ready, or done: both leave nothing in the store.
    package func whereabouts(of id: JobID) async throws(StoreError) -> Whereabouts? {
        let stored = try await driver.read { session throws(StoreError) -> Whereabouts? in
            let waiting = try session.query(
                "select job, attempt, due_at, last_error from waiting where id = :id",
                ["id": .id(id)]
            )
            if let row = waiting.first {
                return Whereabouts(
                    job: JobName(unchecked: try row.text("job")),
                    state: .waiting,
                    attempt: Int(clamping: try row.int("attempt")),
                    dueAt: try row.instant("due_at"),
                    error: try row.optionalText("last_error").map { String($0.prefix { $0 != ":" }) }
                )
            }
            let letters = try session.query(
                """
                select job, attempts, error_type, state from dead_letters where job_id = :id
                order by letter_id desc limit 1
                """,
                ["id": .id(id)]
            )
            guard let row = letters.first else { return nil }
            return Whereabouts(
                job: JobName(unchecked: try row.text("job")),
                state: Whereabouts.State(
                    LetterState(rawValue: try row.text("state")) ?? .open,
                    error: try row.text("error_type")
                ),
                attempt: Int(clamping: try row.int("attempts")),
                dueAt: nil,
                error: try row.text("error_type")
            )
        }
        if let stored, stored.state != .replayed { return stored }
        let running = try await workers().lazy.filter { $0.state == .up }.flatMap(\.running)
        guard let found = running.first(where: { $0.id == id.description }) else { return stored }
        return Whereabouts(job: JobName(unchecked: found.job), state: .running, attempt: nil, dueAt: nil, error: nil)
    }
}

extension Whereabouts.State {
    fileprivate init(_ letter: LetterState, error: String) {
        switch letter {
        case .open: self = .dead
        case .replaying, .replayed: self = .replayed
        case .purged: self = error == Failure.cancelledLabel ? .cancelled : .purged
        case .drained: self = .drained
        }
    }
}
