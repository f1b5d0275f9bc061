/// A row of `dead_letters`, as an operator sees it.
package struct LetterRecord: Sendable, Equatable {
    /// Grows with each letter; the cursor of lists.
    package let letterID: Int64
    package let jobID: JobID
    package let deathID: String
    /// A job's name, or for a stranger's message its routing key.
    package let job: String
    package let address: QueueAddress
    package let attempts: Int
    package let errorType: String
    package let errorMessage: String
    package let fingerprint: String
    package let build: String
    package let worker: String
    package let enqueuedAt: Timestamp
    package let failedAt: Timestamp
    package let state: LetterState
    package let operationID: String?
    /// Of the whole body, also when only its beginning was kept.
    package let bodyLength: Int64
    /// Set when only the beginning of the body was kept: such a letter cannot be replayed.
    package let bodySHA256: String?
    package let headers: Headers
    /// Nil where it was not asked for.
    package let payload: [UInt8]?
}

extension LetterRecord {
    /// Not worth running after this instant.
    package var expiresAt: Timestamp? {
        headers[HeaderName.expiresAt]?.integer.map { Timestamp(milliseconds: Int64($0)) }
    }

    static func columns(withPayload: Bool) -> String {
        """
        letter_id, job_id, death_id, job, queue, lane, attempts, error_type, error_message, fingerprint, build, worker, \
        enqueued_at, failed_at, state, operation_id, body_length, body_sha256, headers\(withPayload ? ", payload" : "")
        """
    }

    init(row: SQLRow, withPayload: Bool) throws(StoreError) {
        letterID = try row.int("letter_id")
        jobID = try row.id("job_id")
        deathID = try row.text("death_id")
        job = try row.text("job")
        address = try row.address()
        attempts = Int(try row.int("attempts"))
        errorType = try row.text("error_type")
        errorMessage = try row.text("error_message")
        fingerprint = try row.text("fingerprint")
        build = try row.text("build")
        worker = try row.text("worker")
        enqueuedAt = try row.instant("enqueued_at")
        failedAt = try row.instant("failed_at")
        state = LetterState(rawValue: try row.text("state")) ?? .open
        operationID = try row.optionalText("operation_id")
        bodyLength = try row.int("body_length")
        bodySHA256 = try row.optionalText("body_sha256")
        headers = HeadersCoding.decode(try row.bytes("headers"))
        payload = withPayload ? try row.payload("payload", owner: "job_id") : nil
    }
}

/// Walks over the letters a selector means, newest first, page by page: memory holds one page.
package struct LetterScan: Sendable {
    private let store: Store
    private let selector: Selector
    private let state: LetterState?
    private let withPayload: Bool
    private var cursor: Int64?
    private var remaining: Int
    private var isExhausted = false

    /// After the last page: whether the limit, and not the table, ended the walk.
    package var hasMore: Bool { remaining == 0 && !isExhausted }

    /// - Parameter state: nil for letters in any state.
    package init(_ store: Store, _ selector: Selector, state: LetterState?, withPayload: Bool = false) {
        self.store = store
        self.selector = selector
        self.state = state
        self.withPayload = withPayload
        cursor = selector.after.flatMap { Int64($0) }
        remaining = selector.maximumCount
    }

    /// The next letters, at least one; nil at the end or at the selector's limit.
    package mutating func next() async throws(StoreError) -> [LetterRecord]? {
        while !isExhausted, remaining > 0 {
            let (selector, state, withPayload, cursor, limit) = (selector, state, withPayload, cursor, remaining)
            let page = try await store.driver.read { session throws(StoreError) in
                try session.letters(selector, state: state, after: cursor, limit: limit, withPayload: withPayload)
            }
            self.cursor = page.last ?? cursor
            isExhausted = page.isLast
            remaining -= page.letters.count
            if !page.letters.isEmpty { return page.letters }
        }
        return nil
    }
}

extension Store {
    /// How many open letters a selector means, its limit heeded: what a confirmation names.
    package func countLetters(_ selector: Selector) async throws(StoreError) -> Int {
        if selector.payload.isEmpty {
            return try await driver.read { session throws(StoreError) in try session.countOpenLetters(selector) }
        }
        var scan = LetterScan(self, selector, state: .open)
        var count = 0
        while let letters = try await scan.next() { count += letters.count }
        return count
    }
}

/// What one query over letters found.
struct LetterPage {
    /// Those that the selector means.
    var letters: [LetterRecord]
    /// The last row looked at, chosen or not.
    var last: Int64?
    /// No more rows after this page.
    var isLast: Bool
}

extension SQLSession {
    /// Within an index: a million are counted without reading one.
    fileprivate func countOpenLetters(_ selector: Selector) throws(StoreError) -> Int {
        var clause = SelectorClause(selector, over: .letters)
        let column = selector.ids.isEmpty ? "state" : dialect.unindexed("state")
        clause.add("\(column) = :state", "state", .text(LetterState.open.rawValue))
        if let cursor = selector.after.flatMap({ Int64($0) }) {
            clause.add("letter_id < :cursor", "cursor", .int(cursor))
        }
        clause.bind("most", .int(selector.maximumCount))
        let rows = try query(
            "select count(*) as n from (select 1 from dead_letters where \(clause.text) limit :most) as chosen",
            clause.parameters
        )
        return Int(try rows[0].int("n"))
    }

    /// One page, newest first. With a payload condition rows are read with their bodies, so fewer at once.
    func letters(
        _ selector: Selector,
        state: LetterState?,
        after cursor: Int64?,
        limit: Int,
        withPayload: Bool,
        suffix: String = ""
    ) throws(StoreError) -> LetterPage {
        let readsPayload = withPayload || !selector.payload.isEmpty
        let pageSize = readsPayload ? 100 : 500
        let size = selector.payload.isEmpty ? min(pageSize, limit) : pageSize
        var clause = SelectorClause(selector, over: .letters)
        let column = selector.ids.isEmpty ? "state" : dialect.unindexed("state")
        if let state { clause.add("\(column) = :state", "state", .text(state.rawValue)) }
        if let cursor { clause.add("letter_id < :cursor", "cursor", .int(cursor)) }
        clause.bind("size", .int(size))
        let rows = try query(
            """
            select \(LetterRecord.columns(withPayload: readsPayload)) from dead_letters where \(clause.text)
            order by letter_id desc limit :size \(suffix)
            """,
            clause.parameters
        )
        var page = LetterPage(letters: [], last: nil, isLast: rows.count < size)
        for (index, row) in rows.enumerated() {
            let letter = try LetterRecord(row: row, withPayload: readsPayload)
            page.last = letter.letterID
            guard PayloadMatch.all(selector.payload, in: letter.payload ?? []) else { continue }
            page.letters.append(letter)
            if page.letters.count == limit {
                page.isLast = page.isLast && index == rows.count - 1
                break
            }
        }
        return page
    }
}
