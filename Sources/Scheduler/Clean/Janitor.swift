package import JobCore
package import Logging
import ServiceLifecycle

/// Empties what has outlived its retention. Any number may run: each step can be repeated.
package struct Janitor: Service {
    /// A table is emptied at some time of the day that begins two days after its last mark.
    private static let period: Duration = .seconds(3600)

    private let store: Store
    private let retention: RetentionDeclaration
    private let mark: LoopMark
    private let logger: Logger

    package init(store: Store, retention: RetentionDeclaration, mark: LoopMark = .none, logger: Logger) {
        self.store = store
        self.retention = retention
        self.mark = mark
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
            while try await store.forgetCheckpoints(after: retention.checkpoints) {}
            while try await store.forgetFires(after: retention.fires) {}
            while try await store.forgetOldDebounces() {}
            while try await store.forgetOldUniqueKeys() {}
            while try await store.forgetOldRequests() {}
            while try await store.forgetOldLimits() {}
            while try await store.forgetPurgedLetters(after: retention.purgedLetters) {}
            while try await store.forgetReplayedLetters(after: retention.replayedLetters) {}
            while try await store.forgetProbeEffects(after: retention.probeEffects) {}
            try await store.forgetOldBreakerCounts()
            mark.turned()
        } catch {
            mark.failed(error.label)
            logger.warning("cleaning waits for its next turn", metadata: [LogKey.error: "\(error.label)"])
        }
    }
}
