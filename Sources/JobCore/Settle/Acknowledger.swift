import Logging
import Synchronization

/// Sends a consumption's acknowledgements in batches: while one is under way, the next gathers.
final class Acknowledger: Sendable {
    private struct State {
        var pending: [DeliveryTag] = []
        var isSending = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let consumption: any Consumption
    private let logger: Logger
    private let state = Mutex(State())

    init(consumption: any Consumption, logger: Logger) {
        self.consumption = consumption
        self.logger = logger
    }

    /// Only after the effect, the waiting row or the letter is durable.
    func acknowledge(_ tag: DeliveryTag) {
        let mustStart = state.withLock { state in
            state.pending.append(tag)
            defer { state.isSending = true }
            return !state.isSending
        }
        if mustStart { Task { await self.sendUntilEmpty() } }
    }

    /// Returns when everything handed over so far has been sent, or has turned out to be stale.
    func flush() async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                guard state.isSending else { return true }
                state.waiters.append(continuation)
                return false
            }
            if isDone { continuation.resume() }
        }
    }

    private func sendUntilEmpty() async {
        while let tags = nextBatch() {
            await send(tags)
        }
    }

    private func nextBatch() -> [DeliveryTag]? {
        let (tags, waiters) = state.withLock { state -> ([DeliveryTag]?, [CheckedContinuation<Void, Never>]) in
            guard state.pending.isEmpty else {
                defer { state.pending.removeAll(keepingCapacity: true) }
                return (state.pending, [])
            }
            state.isSending = false
            defer { state.waiters = [] }
            return (nil, state.waiters)
        }
        for waiter in waiters { waiter.resume() }
        return tags
    }

    /// A stale tag is no error: its broker hands the delivery out again. A busy one is tried for 20 s, then left to
    /// the broker as well.
    private func send(_ tags: [DeliveryTag]) async {
        var backoff = Backoff(base: .milliseconds(20), cap: .seconds(1))
        let giveUp = ContinuousClock.now.advanced(by: .seconds(20))
        while true {
            do {
                return try await consumption.acknowledge(tags)
            } catch .unavailable(let reason) where ContinuousClock.now < giveUp {
                logger.debug("acknowledging waits for the broker", metadata: [LogKey.error: "\(reason)"])
                try? await Task.sleep(for: backoff.next())
            } catch {
                logger.info(
                    "acknowledgements did not reach the broker, which will deliver again",
                    metadata: [
                        LogKey.error: "\(error.label)", LogKey.count: "\(tags.count)",
                    ]
                )
                return
            }
        }
    }
}
