/// A row of `waiting`, as an operator sees it.
package struct WaitingRecord: Sendable, Equatable {
    package let id: JobID
    package let version: Int64
    package let job: String
    package let address: QueueAddress
    package let reason: String
    package let attempt: Int
    package let dueAt: Timestamp
    /// Negative for one that is overdue.
    package let dueIn: Duration
    package let enqueuedAt: Timestamp
    package let lastError: String?
    package let operationID: String?
    /// Nil where it was not asked for.
    let payload: [UInt8]?

    package var isOverdue: Bool { dueIn <= .zero }
    package var cursor: WaitingCursor { WaitingCursor(dueAt: dueAt, id: id) }
}

/// A place in the list of waiting jobs, which is ordered by due time and id. As text: `1795356000000.UUID`.
package struct WaitingCursor: Sendable, Equatable, CustomStringConvertible {
    package let dueAt: Timestamp
    package let id: JobID

    package init(dueAt: Timestamp, id: JobID) {
        self.dueAt = dueAt
        self.id = id
    }

    package init?(_ text: String) {
        guard let dot = text.firstIndex(of: "."), let due = Int64(text[..<dot]),
            let id = JobID(text[text.index(after: dot)...])
        else { return nil }
        self.init(dueAt: Timestamp(milliseconds: due), id: id)
    }

    package var description: String { "\(dueAt.milliseconds).\(id)" }
}

/// Walks over the waiting jobs a selector means, the next due first, page by page.
package struct WaitingScan: Sendable {
    private let store: Store
    private let selector: Selector
    private var cursor: WaitingCursor?
    private var remaining: Int
    private var isExhausted = false

    package init(_ store: Store, _ selector: Selector) {
        self.store = store
        self.selector = selector
        cursor = selector.after.flatMap { WaitingCursor($0) }
        remaining = selector.maximumCount
    }

    /// After the last page: whether the limit, and not the table, ended the walk.
    package var hasMore: Bool { remaining == 0 && !isExhausted }

    /// The next jobs, at least one; nil at the end or at the selector's limit.
    package mutating func next() async throws(StoreError) -> [WaitingRecord]? {
        while !isExhausted, remaining > 0 {
            let (selector, cursor, limit) = (selector, cursor, remaining)
            let page = try await store.driver.read { session throws(StoreError) in
                try session.waiting(selector, after: cursor, limit: limit)
            }
            self.cursor = page.last ?? cursor
            isExhausted = page.isLast
            remaining -= page.jobs.count
            if !page.jobs.isEmpty { return page.jobs }
        }
        return nil
    }
}

struct WaitingPage {
    /// Those that the selector means.
    var jobs: [WaitingRecord]
    /// The last row looked at, chosen or not.
    var last: WaitingCursor?
    var isLast: Bool
}

extension SQLSession {
    /// With a payload condition rows are read with their bodies, so fewer at once. `unclaimed` leaves out what the
    /// promoter holds right now.
    func waiting(
        _ selector: Selector,
        after cursor: WaitingCursor?,
        limit: Int,
        unclaimed: Bool = false,
        suffix: String = ""
    ) throws(StoreError) -> WaitingPage {
        let readsPayload = !selector.payload.isEmpty
        let size = readsPayload ? 100 : min(500, limit)
        var clause = SelectorClause(selector, over: .waiting)
        if let cursor {
            let after = "(due_at > :cursor_due or (due_at = :cursor_due and id > :cursor_id))"
            clause.add(after, "cursor_due", .instant(cursor.dueAt))
            clause.bind("cursor_id", .id(cursor.id))
        }
        if unclaimed { clause.add("(claimed_until is null or claimed_until < (select now_ms()))") }
        clause.bind("size", .int(size))
        let rows = try query(
            """
            select id, version, job, queue, lane, attempt, due_at, due_at - (select due_ms()) as due_in, reason,
                enqueued_at, last_error, operation_id\(readsPayload ? ", payload" : "")
            from waiting where \(clause.text) order by due_at, id limit :size \(suffix)
            """,
            clause.parameters
        )
        var page = WaitingPage(jobs: [], last: nil, isLast: rows.count < size)
        for (index, row) in rows.enumerated() {
            let job = try WaitingRecord(row: row, withPayload: readsPayload)
            page.last = job.cursor
            guard PayloadMatch.all(selector.payload, in: job.payload ?? []) else { continue }
            page.jobs.append(job)
            if page.jobs.count == limit {
                page.isLast = page.isLast && index == rows.count - 1
                break
            }
        }
        return page
    }
}

extension WaitingRecord {
    fileprivate init(row: SQLRow, withPayload: Bool) throws(StoreError) {
        id = try row.id("id")
        version = try row.int("version")
        job = try row.text("job")
        address = try row.address()
        reason = try row.text("reason")
        attempt = Int(try row.int("attempt"))
        dueAt = try row.instant("due_at")
        dueIn = .milliseconds(try row.int("due_in"))
        enqueuedAt = try row.instant("enqueued_at")
        lastError = try row.optionalText("last_error")
        operationID = try row.optionalText("operation_id")
        payload = withPayload ? try row.payload("payload", owner: "id") : nil
    }
}
