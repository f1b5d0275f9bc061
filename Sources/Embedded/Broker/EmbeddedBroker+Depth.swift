package import JobCore

extension EmbeddedBroker {
    /// Exact in one snapshot. What a dead process still has claimed counts as ready, because it could run now, also
    /// when no process is left to take it over.
    package func depths(_ queues: [String]) async throws(BrokerError) -> [String: QueueDepth] {
        do throws(StoreError) {
            return try await database.read { [locks] session throws(StoreError) in
                var survey = DepthSurvey(locks: locks)
                return try survey.depths(queues, session)
            }
        } catch {
            throw BrokerError(error)
        }
    }
}

private struct DepthSurvey {
    private struct Tally {
        var ready: Int64 = 0
        var oldest: Int64?
        var consumers = 0

        mutating func add(_ count: Int64, oldest other: Int64?) {
            ready += count
            if let other { oldest = min(oldest ?? other, other) }
        }
    }

    let locks: WorkerLocks
    private var alive: [String: Bool] = [:]
    private var tallies: [String: Tally] = [:]

    init(locks: WorkerLocks) {
        self.locks = locks
    }

    mutating func depths(_ queues: [String], _ session: any SQLSession) throws(StoreError) -> [String: QueueDepth] {
        for queue in Set(queues) { try countReady(queue, session) }
        try countEstates(session)
        try countConsumers(session)
        return tallies.mapValues { tally in
            QueueDepth(
                ready: Int(clamping: tally.ready),
                consumers: tally.consumers,
                oldestReadyAt: tally.oldest.map(Timestamp.init(milliseconds:))
            )
        }
    }

    private mutating func countReady(_ queue: String, _ session: any SQLSession) throws(StoreError) {
        let rows = try session.query(
            """
            select ready,
                (select min(ready_at) from ready_messages where queue = :queue and claimed_by is null) as oldest
            from broker_queues where name = :queue
            """,
            ["queue": .text(queue)]
        )
        guard let row = rows.first else { return }
        tallies[queue] = Tally(ready: try row.int("ready"), oldest: try row.optionalInt("oldest"))
    }

    private mutating func countEstates(_ session: any SQLSession) throws(StoreError) {
        let rows = try session.query(
            """
            select claimed_by, queue, count(*) as held, min(ready_at) as oldest from ready_messages
            where claimed_by is not null group by claimed_by, queue
            """
        )
        for row in rows where try !isAlive(row.text("claimed_by")) {
            tallies[try row.text("queue")]?.add(try row.int("held"), oldest: try row.optionalInt("oldest"))
        }
    }

    private mutating func countConsumers(_ session: any SQLSession) throws(StoreError) {
        for row in try session.query("select process, queue from broker_consumers")
        where try isAlive(row.text("process")) {
            tallies[try row.text("queue")]?.consumers += 1
        }
    }

    private mutating func isAlive(_ bootID: String) -> Bool {
        if let known = alive[bootID] { return known }
        let answer = locks.isAlive(bootID)
        alive[bootID] = answer
        return answer
    }
}
