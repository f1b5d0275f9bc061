import Logging

/// Groups settlements, and tries a lost store again.
struct Settler: Sendable {
    /// DESIGN §5: at most 500 rows a commit.
    private static let maximumBatch = 500

    private let batcher: Batcher<Settlement, StoreError?>

    /// - Parameter patience: how long a lost store is tried again before the pool parks (DESIGN §3: 20 s).
    init(store: Store, patience: Duration, logger: Logger) {
        let writer = SettlementWriter(store: store, patience: patience, logger: logger)
        batcher = Batcher(maximum: Settler.maximumBatch) { await writer.settle($0) }
    }

    /// Returns when the settlement is durable.
    func settle(_ settlement: Settlement) async throws(StoreError) {
        if let error = await batcher.submit(settlement) { throw error }
    }
}

private struct SettlementWriter {
    let store: Store
    let patience: Duration
    let logger: Logger

    func settle(_ batch: [Settlement]) async -> [StoreError?] {
        let error = await write(batch)
        guard let error, !error.isRetryable else { return batch.map { _ in error } }
        var errors: [StoreError?] = []
        for settlement in batch { errors.append(await writeAlone(settlement)) }
        return errors
    }

    /// One row that the database refuses must not hold the others back, and a letter is never lost for its strange
    /// bytes: it is stored without them.
    private func writeAlone(_ settlement: Settlement) async -> StoreError? {
        let error = await write([settlement])
        guard let refusal = error, !refusal.isRetryable, let letter = settlement.letter else { return error }
        logger.error(
            "letter refused by the store, kept without its bytes",
            metadata: [LogKey.job: "\(letter.jobID)", LogKey.error: "\(refusal.label)"]
        )
        return await write([settlement.replacing(letter: letter.withoutBytes(refusal))])
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
