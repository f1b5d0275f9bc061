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
        for id in running {
            let began = ContinuousClock.now
            var isWaiting = false
            while !isWaiting, began.duration(to: .now) < ReplayLoop.turn {
                guard let turn = try await store.stepReplay(id, by: driver) else { break }
                switch turn {
                case .moved: continue
                case .waits(_, for: .rate(let pause)): next = min(next, max(pause, .milliseconds(50)))
                case .waits, .elsewhere: break
                case .ended(let run): tell(run)
                }
                isWaiting = true
            }
            if !isWaiting { next = .zero }
        }
        return next
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
