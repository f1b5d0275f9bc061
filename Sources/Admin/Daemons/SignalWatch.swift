import Glibc
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// The first SIGTERM or SIGINT begins a graceful shutdown; a second one ends the process at once: whatever was running
/// is delivered again. One that comes while the process still starts ends it with success: it has taken nothing yet.
final class SignalWatch: Sendable {
    /// What a signal shuts down, once it runs.
    private final class Led: Sendable {
        let group = Mutex<ServiceGroup?>(nil)
    }

    private let led = Led()
    private let task: Task<Void, Never>

    /// Signals are caught from here on, until `end`: begin before the platform is opened, which can take seconds.
    init(_ logger: Logger) async {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        task = Task { [led] in
            var drainingSince: ContinuousClock.Instant?
            for await signal in signals {
                if let drainingSince {
                    // One Ctrl-C or one `timeout` may reach the process twice, by its pid and by its group.
                    guard drainingSince.duration(to: .now) > .milliseconds(500) else { continue }
                    logger.warning("second signal: ending at once, running jobs will be delivered again")
                    _exit(128 + signal.rawValue)
                }
                guard let group = led.group.withLock({ $0 }) else {
                    logger.notice("ending while starting: nothing was taken")
                    _exit(0)
                }
                drainingSince = .now
                logger.notice("draining: running jobs may finish; a second signal ends at once")
                await group.triggerGracefulShutdown()
            }
        }
    }

    func lead(_ group: ServiceGroup) { led.group.withLock { $0 = group } }

    /// Signals are again what they were: whoever begins a watch ends it, also when nothing ever ran.
    func end() { task.cancel() }
}

extension [any Service] {
    /// Runs them until a signal has drained all, the last one first.
    func run(until signals: SignalWatch, _ logger: Logger) async throws {
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: self, logger: logger))
        signals.lead(group)
        try await group.run()
    }
}
