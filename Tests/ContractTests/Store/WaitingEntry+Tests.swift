import JobCore

extension Envelope {
    /// A job for `alpha`, as old as this moment.
    static func alpha(_ id: JobID = JobID(), job: JobName = "alpha.work", number: Int = 0, attempt: Int = 1) -> Envelope
    {
        Envelope(
            id: id,
            job: job,
            payload: Array(#"{"number":\#(number)}"#.utf8),
            attempt: attempt,
            enqueuedAt: .now(),
            readyAt: .now()
        )
    }
}

extension WaitingEntry {
    static func alpha(
        _ id: JobID = JobID(),
        number: Int = 0,
        attempt: Int = 1,
        lane: Lane = .normal,
        due: Due = .after(.zero),
        reason: WaitingReason = .retry,
        lastError: String? = nil
    ) -> WaitingEntry {
        WaitingEntry(
            envelope: .alpha(id, number: number, attempt: attempt),
            address: QueueAddress("alpha", lane),
            due: due,
            reason: reason,
            lastError: lastError
        )
    }
}

extension DeadLetter {
    static func alpha(
        _ id: JobID = JobID(),
        number: Int = 0,
        attempt: Int = 1,
        failure: Failure = Failure("smtp_rejected", "550 no such user 42"),
        build: String = "b1"
    ) -> DeadLetter {
        DeadLetter(
            .alpha(id, number: number, attempt: attempt),
            at: QueueAddress("alpha"),
            failure: failure,
            build: build,
            worker: "w"
        )
    }
}

extension World {
    /// Makes the database itself refuse a letter, whose payload it has already.
    func refuseEqualPayloads() async throws {
        try await driver.migrate { session throws(StoreError) in
            try session.execute("create unique index letters_differ on dead_letters (payload)")
        }
    }

    func claim(
        _ claimant: String,
        limit: Int = 100,
        lane: Lane = .normal,
        lease: Duration = .seconds(30)
    ) async throws -> [WaitingJob] {
        try await store.claimDue(QueueAddress("alpha", lane), limit: limit, claimant: claimant, lease: lease).jobs
    }

    /// Everything that waits, the next due first.
    func waiting(_ selector: Selector = Selector()) async throws -> [WaitingRecord] {
        var scan = WaitingScan(store, selector)
        var records: [WaitingRecord] = []
        while let page = try await scan.next() { records += page }
        return records
    }

    /// Letters, newest first, with their payloads.
    func letters(_ selector: Selector = Selector(), state: LetterState? = nil) async throws -> [LetterRecord] {
        var scan = LetterScan(store, selector, state: state, withPayload: true)
        var records: [LetterRecord] = []
        while let page = try await scan.next() { records += page }
        return records
    }
}

extension WaitingJob {
    var seen: WaitingVersion { WaitingVersion(id: envelope.id, version: version) }
}

extension Selector {
    static func of(_ change: (inout Selector) -> Void) -> Selector {
        var selector = Selector()
        change(&selector)
        return selector
    }
}
