import Logging
import Synchronization

/// Sends a consumption's acknowledgements in batches: while one is under way, the next gathers. What cannot be sent
/// leaves done marks, so that whoever gets those jobs again need not run them.
final class Acknowledger: Sendable {
    private struct Finished: Sendable {
        let tag: DeliveryTag
        let message: WireMessage?
    }

    private struct State {
        var pending: [Finished] = []
        var isSending = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let consumption: any Consumption
    private let settler: Settler
    private let worker: String
    private let logger: Logger
    private let state = Mutex(State())

    init(consumption: any Consumption, settler: Settler, worker: String, logger: Logger) {
        self.consumption = consumption
        self.settler = settler
        self.worker = worker
        self.logger = logger
    }

    /// Only after the effect, the waiting row or the letter is durable. The message is given for attempts that have run:
    /// without it nothing is left behind when the acknowledgement does not arrive.
    func acknowledge(_ tag: DeliveryTag, ran message: WireMessage?) {
        let mustStart = state.withLock { state in
            state.pending.append(Finished(tag: tag, message: message))
            defer { state.isSending = true }
            return !state.isSending
        }
        if mustStart { Task { await self.sendUntilEmpty() } }
    }

    /// Returns when everything handed over so far has been sent, or has turned out to be stale and left its marks.
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
        while let batch = nextBatch() {
            if await send(batch.map(\.tag)) == false { await leaveMarks(batch.compactMap(\.message)) }
        }
    }

    private func nextBatch() -> [Finished]? {
        let (batch, waiters) = state.withLock { state -> ([Finished]?, [CheckedContinuation<Void, Never>]) in
            guard state.pending.isEmpty else {
                defer { state.pending.removeAll(keepingCapacity: true) }
                return (state.pending, [])
            }
            state.isSending = false
            defer { state.waiters = [] }
            return (nil, state.waiters)
        }
        for waiter in waiters { waiter.resume() }
        return batch
    }

    /// A stale tag is no error: its broker hands the delivery out again. A busy one is tried for 20 s, then left to
    /// the broker as well. False when some may not have arrived.
    private func send(_ tags: [DeliveryTag]) async -> Bool {
        var backoff = Backoff(base: .milliseconds(20), cap: .seconds(1))
        let giveUp = ContinuousClock.now.advanced(by: .seconds(20))
        while true {
            do {
                try await consumption.acknowledge(tags)
                return true
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
                return false
            }
        }
    }

    /// A batch does not say which of its tags were stale, so each leaves a mark: one too many is never read.
    private func leaveMarks(_ messages: [WireMessage]) async {
        // Read from the message only now: hardly any acknowledgement is lost, and reading costs as much as sending it.
        let keys = messages.compactMap { AttemptKey($0) }
        guard !keys.isEmpty else { return }
        do throws(StoreError) {
            try await settler.settle(.done(keys, worker: worker))
        } catch {
            logger.warning(
                "finished jobs may run again: their marks did not reach the store",
                metadata: [LogKey.error: "\(error.label)", LogKey.count: "\(keys.count)"]
            )
        }
    }
}
