import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

/// The first SIGTERM or SIGINT begins a graceful shutdown; a second one ends the process at once: whatever was running
/// is delivered again.
struct SignalWatch: Sendable {
    let logger: Logger

    func run(_ group: ServiceGroup) async {
        var drainingSince: ContinuousClock.Instant?
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
            if let drainingSince {
                // One Ctrl-C or one `timeout` may reach the process twice, by its pid and by its group.
                guard drainingSince.duration(to: .now) > .milliseconds(500) else { continue }
                logger.warning("second signal: ending at once, running jobs will be delivered again")
                _exit(128 + signal.rawValue)
            }
            drainingSince = .now
            logger.notice("draining: running jobs may finish; a second signal ends at once")
            await group.triggerGracefulShutdown()
        }
    }
}

extension [any Service] {
    /// Runs them until a signal has drained all, the last one first.
    func runUntilSignal(_ logger: Logger) async throws {
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: self, logger: logger))
        let watch = Task { await SignalWatch(logger: logger).run(group) }
        defer { watch.cancel() }
        try await group.run()
    }
}
