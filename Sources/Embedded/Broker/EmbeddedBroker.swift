package import JobCore
package import Logging
import Synchronization

/// The broker in the same SQLite file as the store. A published message is a row; a delivery is a row claimed by this
/// process; an acknowledgement deletes it. Claims of a dead process go back to the queue by `PeerWatch`.
package final class EmbeddedBroker: Broker {
    package let database: EmbeddedDatabase
    let bells: QueueBells
    /// Nil for verbs that never consume.
    package let process: ProcessLock?
    package let locks: WorkerLocks
    let logger: Logger
    private let consumers = Atomic<UInt64>(0)
    /// Consumptions that ended while the store could not be written.
    private let unreturned = Mutex<[Claim]>([])

    /// - Parameter process: this process's lock; without it `consume` is refused.
    package init(database: EmbeddedDatabase, process: ProcessLock?, logger: Logger) {
        self.database = database
        self.process = process
        self.logger = logger
        locks = WorkerLocks(of: database)
        bells = QueueBells(database.settings)
    }

    package func consume(_ queue: String, credit: Int) async throws(BrokerError) -> any Consumption {
        guard let process else { throw .refused("this process holds no lock, so it cannot claim messages") }
        let number = consumers.wrappingAdd(1, ordering: .relaxed).newValue
        let claim = Claim(queue: queue, process: process.bootID, consumer: number)
        let declared: Bool
        do throws(StoreError) {
            declared = try await database.write { session throws(StoreError) in try claim.register(session) }
        } catch {
            throw BrokerError(error)
        }
        guard declared else { throw .queueMissing(queue) }
        let consumption = EmbeddedConsumption(broker: self, claim: claim, credit: max(1, credit))
        bells.add(consumption.bell, queue: queue, consumer: number)
        return consumption
    }

    package func ping() async throws(BrokerError) {
        do throws(StoreError) {
            _ = try await database.read { session throws(StoreError) in
                try session.query("select name from broker_queues limit 1")
            }
        } catch {
            throw BrokerError(error)
        }
    }

    /// Returns everything a dead process had claimed to its queues, in order, and forgets its consumers. The number of
    /// messages returned.
    @discardableResult
    package func returnClaims(of bootID: String) async throws(StoreError) -> Int {
        let (count, queues) = try await database.write { session throws(StoreError) in
            let owner: SQLParameters = ["process": .text(bootID)]
            try session.execute("delete from broker_consumers where process = :process", owner)
            var queues: [String] = []
            let claimed = "select distinct queue from ready_messages where claimed_by = :process"
            for row in try session.query(claimed, owner) { queues.append(try row.text("queue")) }
            let count = try session.execute(
                """
                update ready_messages set claimed_by = null, consumer = null, redelivered = 1
                where claimed_by = :process
                """,
                owner
            )
            return (count, queues)
        }
        bells.ring(queues)
        return count
    }

    /// Keeps a claim whose consumption has ended, until it can be given back.
    func keepForLater(_ claim: Claim) {
        unreturned.withLock { $0.append(claim) }
    }

    /// Gives back what could not be given back when it should. Part of each probe.
    func retryGivingBack() async {
        let claims = unreturned.withLock { claims in
            defer { claims = [] }
            return claims
        }
        for claim in claims { await giveBack(claim) }
    }

    /// What cannot be given back now stays claimed by this process: not lost, and handed to nobody.
    func giveBack(_ claim: Claim) async {
        do throws(StoreError) {
            try await database.write { session throws(StoreError) in try claim.giveBack(session) }
            bells.ring([claim.queue])
        } catch {
            logger.warning("giving back failed", metadata: [LogKey.queue: "\(claim.queue)", LogKey.error: "\(error)"])
            keepForLater(claim)
        }
    }

    /// The last heartbeat of each process that holds messages, 0 of one that was stopped before its first, and the last
    /// of any process.
    func claimantBeats() async throws(StoreError) -> (beats: [String: Int64], newest: Int64) {
        try await database.read { session throws(StoreError) in
            let newest = try session.query("select coalesce(max(heartbeat_at), 0) as newest from workers")[0].int(
                "newest"
            )
            let rows = try session.query(
                """
                select c.id as id, coalesce(w.heartbeat_at, 0) as heartbeat_at
                from (select distinct claimed_by as id from ready_messages where claimed_by is not null) as c
                    left join workers as w on w.id = c.id
                where coalesce(w.state, '') <> 'gone'
                """
            )
            var beats: [String: Int64] = [:]
            for row in rows { beats[try row.text("id")] = try row.int("heartbeat_at") }
            return (beats, newest)
        }
    }

    /// Boot ids that claims or consumers are booked on.
    func claimants() async throws(StoreError) -> [String] {
        try await database.read { session throws(StoreError) in
            let rows = try session.query(
                """
                select process from broker_consumers
                union select claimed_by from ready_messages where claimed_by is not null
                """
            )
            var bootIDs: [String] = []
            for row in rows { bootIDs.append(try row.text("process")) }
            return bootIDs
        }
    }
}

extension BrokerError {
    init(_ error: StoreError) {
        self =
            switch error {
            case .unavailable(let text), .busy(let text): .unavailable(text)
            case .commitUnknown: .unavailable("the outcome of a commit is unknown")
            case .schema(let text), .constraint(let text), .decoding(let text), .forbidden(let text),
                .refused(let text):
                .refused(text)
            case .rolledBack: .refused("rolled back")
            case .superseded: .refused("superseded")
            case .sealed(let text): .refused(text)
            }
    }
}
