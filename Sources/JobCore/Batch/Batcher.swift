import Synchronization

/// Gathers what comes while a batch is under way, and makes the next batch of it: a lone caller waits for nobody, a thousand
/// share a transaction.
final class Batcher<Item: Sendable, Answer: Sendable>: Sendable {
    private struct Waiting: Sendable {
        let item: Item
        let continuation: CheckedContinuation<Answer, Never>
    }

    private struct State {
        var waiting: [Waiting] = []
        var isWorking = false
    }

    private let maximum: Int
    private let work: @Sendable ([Item]) async -> [Answer]
    private let state = Mutex(State())

    /// - Parameters:
    ///   - maximum: items of one batch.
    ///   - work: gives one answer an item, in order.
    init(maximum: Int, _ work: @escaping @Sendable ([Item]) async -> [Answer]) {
        self.maximum = maximum
        self.work = work
    }

    func submit(_ item: Item) async -> Answer {
        await withCheckedContinuation { continuation in
            let mustStart = state.withLock { state in
                state.waiting.append(Waiting(item: item, continuation: continuation))
                defer { state.isWorking = true }
                return !state.isWorking
            }
            if mustStart { Task { await self.workUntilEmpty() } }
        }
    }

    private func workUntilEmpty() async {
        while let batch = nextBatch() {
            let answers = await work(batch.map(\.item))
            for (waiting, answer) in zip(batch, answers) { waiting.continuation.resume(returning: answer) }
        }
    }

    private func nextBatch() -> [Waiting]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isWorking = false
                return nil
            }
            let batch = Array(state.waiting.prefix(maximum))
            state.waiting.removeFirst(batch.count)
            return batch
        }
    }
}
