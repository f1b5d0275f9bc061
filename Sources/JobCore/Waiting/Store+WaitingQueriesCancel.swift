/// A cancellation as asked for.
package struct CancelRequest: Sendable {
    package var selector: Selector
    package var operation: String
    package var actor: String
    package var reason: String?
    /// The selector in the operator's own words, for the audit.
    package var subject: String

    package init(selector: Selector, operation: String, actor: String, reason: String? = nil, subject: String) {
        self.selector = selector
        self.operation = operation
        self.actor = actor
        self.reason = reason
        self.subject = subject
    }
}

/// How far a cancellation has come.
package struct CancelProgress: Sendable, Equatable {
    package var cancelled = 0
    /// By job name.
    package var jobs: [String: Int] = [:]
    /// The first thousand, for the audit.
    package var ids: [String] = []
    package var hasMore = false
    var cursor: WaitingCursor?
    var isFinished = false

    package init() {}
}

extension Store {
    /// Takes waiting jobs away that the promoter does not hold right now; they are kept as purged letters. Each slice of at most 500 is one transaction,
    /// with its part of the operation's row, which names what was cancelled.
    package func cancelWaiting(_ request: CancelRequest) async throws(StoreError) -> CancelProgress {
        var progress = CancelProgress()
        progress.cursor = request.selector.after.flatMap { WaitingCursor($0) }
        while !progress.isFinished {
            let before = progress
            progress = try await driver.write { session throws(StoreError) in
                try session.cancelSlice(request, before)
            }
        }
        return progress
    }
}

extension SQLSession {
    fileprivate func cancelSlice(
        _ request: CancelRequest,
        _ before: CancelProgress
    ) throws(StoreError) -> CancelProgress {
        var progress = before
        let remaining = request.selector.maximumCount - progress.cancelled
        let page = try waiting(
            request.selector,
            after: progress.cursor,
            limit: remaining,
            unclaimed: true,
            suffix: dialect.skipLocked
        )
        try keepCancelled(page.jobs, request)
        let deleted = try executeBatch(
            "delete from waiting where id = :id and version = :version",
            page.jobs.map { ["id": .id($0.id), "version": .int($0.version)] }
        )
        for (job, count) in zip(page.jobs, deleted) where count == 1 {
            progress.cancelled += 1
            progress.jobs[job.job, default: 0] += 1
            if progress.ids.count < 1000 { progress.ids.append(job.id.description) }
        }
        let gone = zip(page.jobs, deleted).filter { $0.1 == 1 }.map(\.0.id)
        try reopenLetters(of: gone)
        try cancel(fires: gone)
        try freeUnique(ownedBy: gone)
        progress.cursor = page.last ?? progress.cursor
        let isFull = page.jobs.count >= remaining
        progress.hasMore = isFull && !page.isLast
        progress.isFinished = page.isLast || isFull
        if progress.cancelled > 0 { try write(request.record(progress)) }
        return progress
    }
}

extension SQLSession {
    /// As purged letters, so that a cancellation can be taken back, but for replays, whose letters open again. The bodies go from table to table inside the database.
    private func keepCancelled(_ jobs: [WaitingRecord], _ request: CancelRequest) throws(StoreError) {
        guard !jobs.isEmpty else { return }
        var rows: [SQLParameters] = []
        for job in jobs {
            let stored = try query("select headers from waiting where id = :id", ["id": .id(job.id)]).first
            var headers = HeadersCoding.decode(try stored?.bytes("headers") ?? [])
            headers[HeaderName.wasDue] = .int(job.dueAt.milliseconds)
            rows.append([
                "id": .id(job.id), "version": .int(job.version), "operation": .text(request.operation),
                "headers": .bytes(HeadersCoding.encode(headers)), "actor": .scrubbed(request.actor, maximumBytes: 128),
            ])
        }
        try executeBatch(
            """
            insert into dead_letters (job_id, death_id, job, queue, lane, payload, headers, attempts, error_type,
                error_message, fingerprint, build, worker, enqueued_at, failed_at, state, operation_id, body_length)
            select id, 'cancel:' || cast(:operation as text), job, queue, lane, payload, :headers, attempt,
                '\(Failure.cancelledLabel)', 'cancelled while it was waiting', '\(Failure.cancelledLabel)', '', :actor,
                enqueued_at, (select now_ms()), 'purged', :operation, length(payload)
            from waiting where id = :id and version = :version and reason <> 'replay'
            on conflict (job_id, death_id) do nothing
            """,
            rows
        )
    }

    /// A replay that was cancelled before it ran has not happened: its letter is open again.
    private func reopenLetters(of ids: [JobID]) throws(StoreError) {
        guard !ids.isEmpty else { return }
        try executeBatch(
            """
            update dead_letters set state = 'open', operation_id = null
            where job_id = :id and \(dialect.unindexed("state")) = 'replaying'
            """,
            ids.map { ["id": .id($0)] }
        )
    }
}

extension CancelRequest {
    fileprivate func record(_ progress: CancelProgress) -> Operation {
        Operation(
            id: operation,
            kind: "waiting.cancel",
            subject: subject,
            actor: actor,
            reason: reason,
            state: progress.isFinished ? .done : .running,
            detail: ["cancelled": .int(progress.cancelled), "jobs": .counts(progress.jobs), "ids": .list(progress.ids)]
        )
    }
}
