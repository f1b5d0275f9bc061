package import Logging

extension Store {
    /// Stores letters from outside, whatever is in them: one that the database refuses is kept without its bytes, so
    /// that it never blocks the next. Throws only for a store that is away.
    package func keep(_ letters: [DeadLetter], logger: Logger) async throws(StoreError) {
        do {
            return try await bury(letters)
        } catch {
            guard !error.isRetryable else { throw error }
        }
        for letter in letters {
            do {
                try await bury([letter])
            } catch {
                guard !error.isRetryable else { throw error }
                logger.error(
                    "letter refused by the store, kept without its bytes",
                    metadata: [
                        LogKey.job: "\(letter.jobID)", LogKey.error: "\(error.label)",
                    ]
                )
                try await bury([letter.withoutBytes(error)])
            }
        }
    }
}
