package import JobCore
package import Logging

/// Goes on with replays that no shell leads: the laptop was closed, or it was begun with `--detach`.
package struct ReplayLoop: Sendable {
    /// Outcomes are looked at this often.
    private static let period: Duration = .seconds(1)
    /// One turn is no longer than this: the lease and the other replays want their share.
    private static let turn: Duration = .seconds(3)

    private let store: Store
    private let driver: String
    private let logger: Logger

    package init(store: Store, driver: String, logger: Logger) {
        self.store = store
        self.driver = driver
        self.logger = logger
    }

    /// Takes each running replay as far as it gets without waiting.
    /// - Returns: when to look again.
    package func turn() async throws -> Duration {
        let running = try await store.runningReplays()
        var next = running.isEmpty ? ReplayLoop.period * 2 : ReplayLoop.period
        var failure: (any Error)?
        for id in running {
            do {
                if try await lead(id, &next) { continue }
                next = .zero
            } catch {
                // One that cannot be led does not hold up the others.
                failure = error
            }
        }
        if let failure { throw failure }
        return next
    }

    /// Steps until it waits or its turn is over.
    /// - Returns: false when there is more to do at once.
    private func lead(_ id: String, _ next: inout Duration) async throws -> Bool {
        let began = ContinuousClock.now
        while began.duration(to: .now) < ReplayLoop.turn {
            switch try await store.stepReplay(id, by: driver) {
            case .moved: continue
            case .waits(_, for: .rate(let pause)): next = min(next, max(pause, .milliseconds(50)))
            case .waits, .elsewhere, nil: break
            case .ended(let run): tell(run)
            }
            return true
        }
        return false
    }

    private func tell(_ run: ReplayRun) {
        var metadata: Logger.Metadata = [
            LogKey.operation: "\(run.operation)", LogKey.count: "\(run.progress.replayed)",
        ]
        if let because = run.stoppedBecause {
            metadata[LogKey.error] = "\(because)"
            logger.warning("replay stopped", metadata: metadata)
        } else {
            logger.info("replay is over", metadata: metadata)
        }
    }
}
