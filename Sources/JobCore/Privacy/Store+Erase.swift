/// What an erasure found, or took away.
package struct Erasure: Sendable, Equatable {
    package var waiting = 0
    package var letters = 0
    /// Payloads before an edit, of those letters.
    package var originals = 0
    package var checkpoints = 0
    package var keys = 0
    package var outbox = 0
    /// Waiting jobs that a promoter was moving: they are on their way to the broker.
    package var moving = 0

    package init() {}
}

extension Store {
    /// The body of an erased letter, and the mark in `body_sha256` by which nothing replays it.
    private static let erasedBody: [UInt8] = Array("{}".utf8)
    static let erasedMark = "erased"

    /// Takes a person out of everything that the store keeps of payloads. Each page is a transaction; what is repeated finds
    /// nothing any more. Letters stay as rows without content: figures and the audit keep their sense.
    /// - Parameters:
    ///   - changes: false only counts.
    ///   - operation: written at the end, with the figures.
    package func erase(_ subject: Subject, _ operation: Operation, changes: Bool) async throws(StoreError) -> Erasure {
        var erasure = Erasure()
        var jobs = try await waitingJobs(of: subject)
        erasure.waiting = jobs.count
        if changes, !jobs.isEmpty {
            erasure.checkpoints = try await forgetCheckpointsOfErased(jobs)
            let cancelled = try await cancelErased(jobs, operation)
            jobs = try await waitingJobs(of: subject)
            erasure.moving = jobs.count
            erasure.waiting = cancelled
        }
        try await eraseLetters(subject, operation, changes: changes, &erasure)
        erasure.keys = try await eraseKeys(subject, changes: changes)
        return erasure
    }

    private func waitingJobs(of subject: Subject) async throws(StoreError) -> [JobID] {
        var found: [JobID] = []
        var last = ""
        while true {
            let after = last
            let page = try await driver.read { session throws(StoreError) in
                try session.query(
                    "select id, payload from waiting where id > :after order by id limit 200",
                    ["after": .text(after)]
                )
            }
            for row in page where subject.isIn(try row.payload("payload", owner: "id")) {
                found.append(try row.id("id"))
            }
            guard let end = page.last else { return found }
            last = try end.text("id")
        }
    }

    /// As an operator's cancellation, so that unique keys and fires know; the letters it leaves are erased like all others.
    private func cancelErased(_ jobs: [JobID], _ operation: Operation) async throws(StoreError) -> Int {
        var cancelled = 0
        for start in stride(from: 0, to: jobs.count, by: Selector.maximumIDs) {
            var selector = Selector()
            selector.ids = Array(jobs[start..<min(start + Selector.maximumIDs, jobs.count)])
            selector.limit = 0
            cancelled += try await cancelWaiting(
                CancelRequest(
                    selector: selector,
                    operation: JobID().description,
                    actor: operation.actor,
                    reason: operation.reason,
                    subject: "privacy.erase \(operation.id)"
                )
            ).cancelled
        }
        return cancelled
    }

    private func forgetCheckpointsOfErased(_ jobs: [JobID]) async throws(StoreError) -> Int {
        try await driver.write { session throws(StoreError) in
            try session.executeBatch("delete from checkpoints where job_id = :id", jobs.map { ["id": .id($0)] })
                .reduce(0, +)
        }
    }

    private func eraseLetters(
        _ subject: Subject,
        _ operation: Operation,
        changes: Bool,
        _ erasure: inout Erasure
    ) async throws(StoreError) {
        var last: Int64 = 0
        while true {
            let after = last
            let page = try await driver.read { session throws(StoreError) in
                try session.query(
                    """
                    select letter_id, job_id, payload, error_message from dead_letters where letter_id > :after
                    order by letter_id limit 200
                    """,
                    ["after": .int(after)]
                )
            }
            guard let end = page.last else { return }
            last = try end.int("letter_id")
            var letters: [Int64] = []
            for row in page {
                let (payload, message) = (try row.payload("payload", owner: "job_id"), try row.text("error_message"))
                if subject.isIn(payload) || subject.isInKey(message) { letters.append(try row.int("letter_id")) }
            }
            erasure.letters += letters.count
            guard changes, !letters.isEmpty else { continue }
            let chosen = letters
            erasure.originals += try await driver.write { session throws(StoreError) in
                try session.erase(chosen, by: operation.id, body: Store.erasedBody)
            }
        }
    }

    private func eraseKeys(_ subject: Subject, changes: Bool) async throws(StoreError) -> Int {
        guard case .text = subject else { return 0 }
        var count = 0
        for (table, column) in [("unique_keys", "name"), ("debounces", "dkey")] {
            let rows = try await driver.read { session throws(StoreError) in
                try session.query("select \(column) as name from \(table)")
            }
            var keys: [String] = []
            for row in rows {
                let key = try row.text("name")
                if subject.isInKey(key) { keys.append(key) }
            }
            count += keys.count
            guard changes, !keys.isEmpty else { continue }
            let chosen = keys
            _ = try await driver.write { session throws(StoreError) in
                try session.executeBatch(
                    "delete from \(table) where \(column) = :name",
                    chosen.map { ["name": .text($0)] }
                )
            }
        }
        return count
    }
}

extension SQLSession {
    /// - Returns: how many originals went with them.
    fileprivate func erase(_ letters: [Int64], by operation: String, body: [UInt8]) throws(StoreError) -> Int {
        try executeBatch(
            """
            update dead_letters set payload = :body, headers = :body, body_length = 0, body_sha256 = '\(Store.erasedMark)',
                error_message = '\(Store.erasedMark)',
                operation_id = case when state = 'open' then :operation else operation_id end,
                state = case when state = 'open' then 'purged' else state end
            where letter_id = :letter
            """,
            letters.map { ["letter": .int($0), "body": .bytes(body), "operation": .text(operation)] }
        )
        return try executeBatch(
            "delete from letter_originals where letter_id = :letter",
            letters.map { ["letter": .int($0)] }
        ).reduce(0, +)
    }
}

extension Outbox {
    /// Rows of a person that no relay has taken yet.
    package func erase(_ subject: Subject, changes: Bool) async throws(StoreError) -> Int {
        var count = 0
        var last: Int64 = 0
        while true {
            let after = last
            let page = try await driver.read { session throws(StoreError) in
                try session.query(
                    "select seq, payload from outbox where seq > :after order by seq limit 200",
                    ["after": .int(after)]
                )
            }
            guard let end = page.last else { return count }
            last = try end.int("seq")
            var rows: [Int64] = []
            for row in page where subject.isIn(Array(try row.text("payload").utf8)) { rows.append(try row.int("seq")) }
            guard changes, !rows.isEmpty else {
                count += rows.count
                continue
            }
            let chosen = rows
            count += try await driver.write { session throws(StoreError) in
                try session.executeBatch(
                    "delete from outbox where seq = :seq and (claimed_until is null or claimed_until < \(Outbox.now))",
                    chosen.map { ["seq": .int($0)] }
                ).reduce(0, +)
            }
        }
    }
}
