package import JobCore
package import Logging
import ServiceLifecycle

/// Empties what has outlived its retention. Any number may run: each step can be repeated.
package struct Janitor: Service {
    /// A table is emptied at some time of the day that begins two days after its last mark.
    private static let period: Duration = .seconds(3600)

    private let store: Store
    private let logger: Logger

    package init(store: Store, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await clean()
                try? await Task.sleep(for: Janitor.period)
            }
        }
    }

    private func clean() async {
        do throws(StoreError) {
            if try await store.emptyOldTurns() { logger.info("old marks are gone") }
            while try await store.forgetOldCheckpoints() {}
        } catch {
            logger.warning("cleaning waits for its next turn", metadata: [LogKey.error: "\(error.label)"])
        }
    }
}
