import Logging
import Synchronization

/// Groups settlements: while one transaction commits, the next batch gathers. A lone job waits for nobody, a thousand
/// share a commit.
final class Settler: Sendable {
    /// DESIGN §5: at most 500 rows a commit.
    private static let maximumBatch = 500

    private struct Waiting: Sendable {
        let settlement: Settlement
        let continuation: CheckedContinuation<StoreError?, Never>
    }

    private struct State {
        var waiting: [Waiting] = []
        var isWriting = false
    }

    private let store: Store
    /// How long a lost store is tried again before the pool parks (DESIGN §3: 20 s).
    private let patience: Duration
    private let logger: Logger
    private let state = Mutex(State())

    init(store: Store, patience: Duration, logger: Logger) {
        self.store = store
        self.patience = patience
        self.logger = logger
    }

    /// Returns when the settlement is durable.
    func settle(_ settlement: Settlement) async throws(StoreError) {
        let error = await withCheckedContinuation { continuation in
            let mustStart = state.withLock { state in
                state.waiting.append(Waiting(settlement: settlement, continuation: continuation))
                defer { state.isWriting = true }
                return !state.isWriting
            }
            if mustStart { Task { await self.writeUntilEmpty() } }
        }
        if let error { throw error }
    }

    private func writeUntilEmpty() async {
        while let batch = nextBatch() {
            let error = await write(batch.map(\.settlement))
            if let error, !error.isRetryable {
                await writeOneByOne(batch)
            } else {
                for waiting in batch { waiting.continuation.resume(returning: error) }
            }
        }
    }

    private func nextBatch() -> [Waiting]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isWriting = false
                return nil
            }
            let batch = Array(state.waiting.prefix(Settler.maximumBatch))
            state.waiting.removeFirst(batch.count)
            return batch
        }
    }

    /// One row that the database refuses must not hold the others back, and a letter is never lost for its strange
    /// bytes: it is stored without them.
    private func writeOneByOne(_ batch: [Waiting]) async {
        for waiting in batch {
            var error = await write([waiting.settlement])
            if let refusal = error, !refusal.isRetryable, let letter = waiting.settlement.letter {
                logger.error(
                    "letter refused by the store, kept without its bytes",
                    metadata: [
                        LogKey.job: "\(letter.jobID)", LogKey.error: "\(refusal.label)",
                    ]
                )
                error = await write([waiting.settlement.replacing(letter: letter.withoutBytes(refusal))])
            }
            waiting.continuation.resume(returning: error)
        }
    }

    private func write(_ batch: [Settlement]) async -> StoreError? {
        var backoff = Backoff(base: .milliseconds(50), cap: .seconds(2))
        let giveUp = ContinuousClock.now.advanced(by: patience)
        while true {
            do {
                let superseded = try await store.settle(batch)
                if !superseded.isEmpty {
                    logger.notice(
                        "runs that others have taken over leave nothing behind",
                        metadata: [LogKey.count: "\(superseded.count)"]
                    )
                }
                return nil
            } catch {
                guard error.isRetryable, ContinuousClock.now < giveUp else { return error }
                logger.warning("settling waits for the store", metadata: [LogKey.error: "\(error.label)"])
                try? await Task.sleep(for: backoff.next())
            }
        }
    }
}
