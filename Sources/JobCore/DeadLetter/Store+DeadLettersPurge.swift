/// Letters that nobody wants any more, as asked for.
package struct PurgeRequest: Sendable {
    package var selector: Selector
    package var operation: String
    package var actor: String
    package var reason: String?
    /// The selector in the operator's own words, for the audit.
    package var subject: String

    package init(selector: Selector, operation: String, actor: String, reason: String?, subject: String) {
        (self.selector, self.operation, self.actor) = (selector, operation, actor)
        (self.reason, self.subject) = (reason, subject)
    }
}

package struct PurgeProgress: Sendable, Equatable {
    package var purged = 0
    /// True when the selector's limit ended it before its last letter.
    package var hasMore = false
    var cursor: Int64?
    var isFinished = false

    package init() {}
}

extension Store {
    /// Takes open letters out of every count and list. They stay, as `purged`, and can be brought back until their retention ends. Each
    /// slice of at most 500 is one transaction with its part of the operation's row.
    package func purge(
        _ request: PurgeRequest,
        progressing: (PurgeProgress) -> Void = { _ in }
    ) async throws(StoreError) -> PurgeProgress {
        var progress = PurgeProgress()
        progress.cursor = request.selector.after.flatMap { Int64($0) }
        while !progress.isFinished {
            let before = progress
            progress = try await driver.write { session throws(StoreError) in
                try session.purgeSlice(request, before)
            }
            progressing(progress)
        }
        return progress
    }

    /// Deletes letters that were purged, drained or cancelled so long ago.
    /// - Returns: true when there may be more.
    package func forgetPurgedLetters(after age: Duration) async throws(StoreError) -> Bool {
        let slice = 500
        return try await driver.write { session throws(StoreError) in
            try session.execute(
                "delete from letter_originals where at_ms < (select now_ms()) - :age",
                ["age": .int(age.milliseconds)]
            )
            return try session.execute(
                """
                delete from dead_letters where letter_id in (
                    select d.letter_id from dead_letters as d join operations as o on o.id = d.operation_id
                    where d.state in ('purged', 'drained') and o.at_ms < (select now_ms()) - :age limit :slice)
                """,
                ["age": .int(age.milliseconds), "slice": .int(slice)]
            ) == slice
        }
    }

    /// Deletes letters whose job has ended after a replay that began so long ago.
    /// - Returns: true when there may be more.
    package func forgetReplayedLetters(after age: Duration) async throws(StoreError) -> Bool {
        let slice = 500
        return try await driver.write { session throws(StoreError) in
            try session.execute(
                """
                delete from dead_letters where letter_id in (
                    select d.letter_id from dead_letters as d join operations as o on o.id = d.operation_id
                    where d.state = 'replayed' and o.at_ms < (select now_ms()) - :age limit :slice)
                """,
                ["age": .int(age.milliseconds), "slice": .int(slice)]
            ) == slice
        }
    }

    /// Deletes what probes recorded so long ago.
    /// - Returns: true when there may be more.
    package func forgetProbeEffects(after age: Duration) async throws(StoreError) -> Bool {
        let slice = 500
        return try await driver.write { session throws(StoreError) in
            try session.execute(
                """
                delete from probe_effects where at_ms < (select now_ms()) - :age and job_id in (
                    select job_id from probe_effects where at_ms < (select now_ms()) - :age limit :slice)
                """,
                ["age": .int(age.milliseconds), "slice": .int(slice)]
            ) >= slice
        }
    }
}

extension SQLSession {
    fileprivate func purgeSlice(_ request: PurgeRequest, _ before: PurgeProgress) throws(StoreError) -> PurgeProgress {
        var progress = before
        let remaining = request.selector.maximumCount - progress.purged
        let page = try letters(
            request.selector,
            state: .open,
            after: progress.cursor,
            limit: remaining,
            withPayload: false,
            suffix: dialect.skipLocked
        )
        try executeBatch(
            """
            update dead_letters set state = 'purged', operation_id = :operation
            where letter_id = :letter and state = 'open'
            """,
            page.letters.map { ["operation": .text(request.operation), "letter": .int($0.letterID)] }
        )
        progress.purged += page.letters.count
        progress.cursor = page.last ?? progress.cursor
        let isFull = page.letters.count >= remaining
        progress.hasMore = isFull && !page.isLast
        progress.isFinished = page.isLast || isFull
        guard progress.purged > 0 else { return progress }
        try write(
            Operation(
                id: request.operation,
                kind: "dead.purge",
                subject: request.subject,
                actor: request.actor,
                reason: request.reason,
                state: progress.isFinished ? .done : .running,
                detail: ["purged": .int(progress.purged)]
            )
        )
        return progress
    }
}
