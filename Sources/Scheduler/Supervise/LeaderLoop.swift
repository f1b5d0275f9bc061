package import JobCore
package import Logging
import ServiceLifecycle

/// Takes turns while it holds a lease, and waits for the lease while another process does. A leader that dies is replaced
/// within 10 s, one that ends in peace at once.
package struct LeaderLoop: Service {
    /// How long a lease lasts, and how often it is renewed: also during a turn that waits for somebody.
    package struct Term: Sendable {
        package var lease: Duration = .seconds(7)
        package var renewal: Duration = .seconds(2)

        package init() {}

        package init(lease: Duration, renewal: Duration) {
            self.lease = lease
            self.renewal = renewal
        }
    }

    private let term: Term
    private let name: String
    private let store: Store
    private let holder: String
    private let period: Duration
    private let mark: LoopMark
    private let logger: Logger
    private let turn: @Sendable (Lease) async throws -> Duration
    private let failed: @Sendable (any Error) async -> Void

    /// - Parameters:
    ///   - period: the longest time between two turns.
    ///   - failed: told of each turn that failed, and of a lease that could not be asked for.
    ///   - turn: one turn under the lease; returns when it wants the next one.
    package init(
        _ name: String,
        store: Store,
        holder: String,
        period: Duration = .seconds(2),
        term: Term = Term(),
        mark: LoopMark,
        logger: Logger,
        failed: @escaping @Sendable (any Error) async -> Void = { _ in },
        turn: @escaping @Sendable (Lease) async throws -> Duration
    ) {
        self.name = name
        self.store = store
        self.holder = holder
        self.period = period
        self.term = term
        self.mark = mark
        self.logger = logger
        self.turn = turn
        self.failed = failed
    }

    package func run() async throws {
        let held = await cancelWhenGracefulShutdown { await leadUntilCancelled() }
        // The cancelled part is over: this one is to arrive.
        if let held { try? await store.release(held, holder: holder) }
    }

    /// - Returns: the lease, if it is held at the end.
    private func leadUntilCancelled() async -> Lease? {
        var held: Lease?
        var renewed = ContinuousClock.now
        var backoff = Backoff(base: .milliseconds(200), cap: .seconds(2))
        var due = ContinuousClock.now
        while !Task.isCancelled {
            do {
                if held == nil || renewed.duration(to: .now) >= term.renewal {
                    let before = held
                    renewed = .now
                    held = try await store.lease(name, holder: holder, for: term.lease)
                    tell(before, held)
                }
                if let lease = held, due <= .now {
                    due = .now.advanced(by: min(try await turnWhileRenewing(lease), period))
                }
                mark.turned(leads: held != nil)
                backoff.reset()
            } catch {
                if Task.isCancelled { return held }
                held = nil
                mark.failed("\(error)")
                await failed(error)
                logger.warning("a turn failed", metadata: [LogKey.name: "\(name)", LogKey.error: "\(error)"])
                due = .now.advanced(by: backoff.next())
            }
            let isWaiting = held == nil && due <= .now
            let wake = isWaiting ? term.renewal : min(ContinuousClock.now.duration(to: due), term.renewal)
            try? await Task.sleep(for: max(.milliseconds(1), wake))
        }
        return held
    }

    /// What a turn writes is fenced by the lease; should it be lost, the turn ends by itself.
    private func turnWhileRenewing(_ lease: Lease) async throws -> Duration {
        try await withThrowingTaskGroup(of: Duration?.self) { group in
            group.addTask { try await turn(lease) }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: term.renewal)
                    if Task.isCancelled { break }
                    // A store that does not answer now may in two seconds.
                    guard let kept = try? await store.lease(name, holder: holder, for: term.lease) else { continue }
                    if kept != lease { break }
                }
                return nil
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let next = ended { return next }
            }
            return period
        }
    }

    private func tell(_ before: Lease?, _ after: Lease?) {
        guard before != after else { return }
        let metadata: Logger.Metadata = [LogKey.name: "\(name)"]
        if after != nil {
            logger.info("leads", metadata: metadata)
        } else {
            logger.notice("another process leads", metadata: metadata)
        }
    }
}
