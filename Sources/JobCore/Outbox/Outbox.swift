import Foundation

/// A table in a producer's own database, which jobs leave in the order of coming.
package struct Outbox: Sendable {
    package let driver: any StoreDriver
    /// Which database, never a password.
    package let display: String

    package init(driver: any StoreDriver, display: String) {
        self.driver = driver
        self.display = display
    }

    /// Of the database that holds the table: it may have none of the platform's functions.
    static let now = "(extract(epoch from clock_timestamp()) * 1000)::bigint"

    /// Takes the oldest rows that nobody has, at most `bytes` of payload but one row at least, until `lease` has passed. The
    /// claim is committed before anything is published: no transaction of this database is open meanwhile.
    package func claim(
        limit: Int,
        bytes: Int,
        claimant: String,
        lease: Duration
    ) async throws(StoreError) -> [OutboxRow] {
        try await driver.write { session throws(StoreError) in
            let heads = try session.query(
                """
                select seq, octet_length(payload) as bytes from outbox
                where claimed_until is null or claimed_until < \(Outbox.now)
                order by seq limit :limit for update skip locked
                """,
                ["limit": .int(limit)]
            )
            var (chosen, total): ([Int64], Int64) = ([], 0)
            for head in heads {
                total += try head.int("bytes")
                if !chosen.isEmpty, total > Int64(bytes) { break }
                chosen.append(try head.int("seq"))
            }
            guard !chosen.isEmpty else { return [] }
            let rows = try session.query(
                """
                update outbox set claimed_by = :claimant, claimed_until = \(Outbox.now) + :lease
                where seq = any (cast(:seqs as bigint[]))
                returning seq, cast(id as text) as id, name, payload, cast(options as text) as options, at_ms
                """,
                [
                    "claimant": .text(claimant), "lease": .int(lease.milliseconds),
                    "seqs": .text(Outbox.array(chosen)),
                ]
            )
            var claimed: [OutboxRow] = []
            for row in rows { claimed.append(try OutboxRow(row: row)) }
            return claimed.sorted { $0.seq < $1.seq }
        }
    }

    /// They are confirmed elsewhere.
    package func remove(_ seqs: [Int64]) async throws(StoreError) {
        guard !seqs.isEmpty else { return }
        try await driver.write { session throws(StoreError) in
            try session.execute(
                "delete from outbox where seq = any (cast(:seqs as bigint[]))",
                ["seqs": .text(Outbox.array(seqs))]
            )
        }
    }

    /// They could not be taken now: nobody looks at them for so long, so that those behind them come to their turn.
    package func rest(_ seqs: [Int64], _ duration: Duration, claimant: String) async throws(StoreError) {
        guard !seqs.isEmpty else { return }
        try await driver.write { session throws(StoreError) in
            try session.execute(
                """
                update outbox set claimed_until = \(Outbox.now) + :rest
                where seq = any (cast(:seqs as bigint[])) and claimed_by = :claimant
                """,
                [
                    "seqs": .text(Outbox.array(seqs)), "rest": .int(duration.milliseconds), "claimant": .text(claimant),
                ]
            )
        }
    }

    /// Nil where the table is not there, or is not ours to read.
    package func status() async throws(StoreError) -> OutboxStatus? {
        do {
            return try await driver.read { session throws(StoreError) in
                let row = try session.query(
                    """
                    select (select count(*) from (select 1 from outbox limit \(OutboxStatus.countedTo)) as oldest) as rows,
                        (select count(*) from outbox where claimed_until > \(Outbox.now)) as claimed,
                        \(Outbox.now) - (select at_ms from outbox order by seq limit 1) as age
                    """
                ).first
                guard let row else { return nil }
                return OutboxStatus(
                    rows: Int(try row.int("rows")),
                    claimed: Int(try row.int("claimed")),
                    oldestAge: try row.optionalInt("age").map { .milliseconds(max(0, $0)) }
                )
            }
        } catch StoreError.schema {
            return nil
        }
    }

    private static func array(_ seqs: [Int64]) -> String { "{\(seqs.map { "\($0)" }.joined(separator: ","))}" }
}

package struct OutboxStatus: Sendable, Equatable {
    /// More are not counted, so that a look at a table of millions stays a look.
    package static let countedTo = 100_000

    /// The loops move a row within half a second; one that is older than this has met trouble.
    package static let behind: Duration = .seconds(60)

    package let rows: Int
    /// On their way just now.
    package let claimed: Int
    /// Nil when there is none.
    package let oldestAge: Duration?
}

/// A job that a producer's transaction has left.
package struct OutboxRow: Sendable, Equatable {
    package let seq: Int64
    package let id: JobID
    package let name: String
    package let payload: [UInt8]
    package let options: [UInt8]
    package let at: Timestamp

    fileprivate init(row: SQLRow) throws(StoreError) {
        seq = try row.int("seq")
        id = try row.id("id")
        name = try row.text("name")
        payload = try row.bytes("payload")
        options = try row.bytes("options")
        at = try row.instant("at_ms").bounded
    }

    /// The function has checked nearly all of it; what it could not is the letter's matter.
    package func request() throws(Malformed) -> EnqueueRequest {
        guard let name = JobName(name) else { throw Malformed("malformed_name", "\(name) is not a job name") }
        do throws(FieldError) {
            let object = (try? JSONSerialization.jsonObject(with: Data(options))) as? [String: Any]
            let fields = try EnqueueFields(object ?? [:])
            let options = try fields.options() + [.id(id)]
            return EnqueueRequest(
                job: name,
                version: try fields.version() ?? 1,
                payload: payload,
                options: options,
                enqueuedAt: at
            )
        } catch {
            throw Malformed("malformed_option", "\(error.field) \(error.message)")
        }
    }

    /// For what can never be enqueued.
    package func letter(_ failure: Failure, build: String, worker: String) -> DeadLetter {
        DeadLetter(
            jobID: id,
            deathID: "outbox:\(failure.label)",
            job: name,
            address: QueueAddress(Topology.unroutableQueue),
            payload: payload,
            headers: [:],
            attempts: 0,
            failure: failure,
            build: build,
            worker: worker,
            enqueuedAt: at
        )
    }
}
