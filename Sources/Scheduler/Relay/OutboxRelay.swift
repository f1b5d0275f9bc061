package import JobCore
package import Logging
import ServiceLifecycle

/// Moves jobs from a producer's database to the broker, each after the confirm of its publish. Any number may run: rows are
/// claimed, claims end by themselves, and a crash in between publishes a job again, with its id.
package struct OutboxRelay: Service {
    /// An idle table is looked at this often: what a commit waits for at most, beside its own turn.
    private static let nap: Duration = .milliseconds(150)
    private static let slice = (rows: 500, bytes: 8 << 20)
    /// Longer than a publish may take. A relay that dies leaves its slice to others after it.
    private static let lease: Duration = .seconds(15)
    private static let publishDeadline: Duration = .seconds(5)

    private let outbox: Outbox
    private let client: JobClient
    private let store: Store
    private let claimant: String
    private let build: String
    private let mark: LoopMark
    private let logger: Logger

    package init(
        outbox: Outbox,
        broker: any Broker,
        store: Store,
        claimant: String,
        build: String,
        mark: LoopMark = .none,
        tracer: (any SpanSink)? = nil,
        logger: Logger
    ) {
        self.outbox = outbox
        client = JobClient(
            broker: broker,
            store: store,
            publishDeadline: OutboxRelay.publishDeadline,
            tracer: tracer
        )
        self.store = store
        self.claimant = claimant
        self.build = build
        self.mark = mark
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var backoff = Backoff(base: .milliseconds(200), cap: .seconds(5))
            while !Task.isCancelled {
                do throws(StoreError) {
                    let moved = try await relayWholeSlice()
                    backoff.reset()
                    mark.turned()
                    if moved == 0 { try? await Task.sleep(for: OutboxRelay.nap) }
                } catch .schema {
                    // Not installed here: nobody enqueues this way, until somebody does.
                    mark.turned()
                    try? await Task.sleep(for: .seconds(5))
                } catch {
                    mark.failed(error.label)
                    logger.warning("the outbox waits for its database", metadata: [LogKey.error: "\(error.label)"])
                    try? await Task.sleep(for: backoff.next())
                }
            }
        }
    }

    /// In a task of its own: a slice that has begun is finished also when the process shuts down.
    private func relayWholeSlice() async throws(StoreError) -> Int {
        let slice = Task { () async -> Result<Int, StoreError> in
            do throws(StoreError) {
                return .success(try await relaySlice())
            } catch {
                return .failure(error)
            }
        }
        return try await slice.value.get()
    }

    /// Claims, enqueues, removes.
    /// - Returns: how many rows have left the table.
    package func relaySlice() async throws(StoreError) -> Int {
        let rows = try await outbox.claim(
            limit: OutboxRelay.slice.rows,
            bytes: OutboxRelay.slice.bytes,
            claimant: claimant,
            lease: OutboxRelay.lease
        )
        guard !rows.isEmpty else { return 0 }
        var sent: [(row: OutboxRow, request: EnqueueRequest)] = []
        var letters: [DeadLetter] = []
        var over: [Int64] = []
        for row in rows {
            do {
                sent.append((row, try row.request()))
            } catch {
                letters.append(row.letter(Failure(error.label, error.message), build: build, worker: claimant))
                over.append(row.seq)
            }
        }
        var resting: [Int64] = []
        var rest: Duration = .seconds(1)
        for (job, result) in zip(sent, await client.enqueue(sent.map(\.request))) {
            switch result {
            case .success: over.append(job.row.seq)
            case .failure(let error) where error.isRetryable:
                resting.append(job.row.seq)
                rest = min(max(rest, error.suggestedWait ?? rest), .seconds(5))
            case .failure(let error):
                letters.append(job.row.letter(Failure(error.label, "\(error)"), build: build, worker: claimant))
                over.append(job.row.seq)
            }
        }
        if !letters.isEmpty { try await store.keep(letters, logger: logger) }
        try await outbox.remove(over)
        if !resting.isEmpty {
            logger.info("jobs rest in the outbox", metadata: [LogKey.count: "\(resting.count)"])
            try await outbox.rest(resting, rest, claimant: claimant)
        }
        return over.count
    }
}
