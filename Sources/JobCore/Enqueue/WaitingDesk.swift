/// Groups jobs that go to `waiting`; events of one key in a batch cost one row.
final class WaitingDesk: Sendable {
    typealias Answer = Result<WaitAnswer, StoreError>

    private let batcher: Batcher<WaitingEntry, Answer>

    init(store: Store) {
        batcher = Batcher(maximum: 500) { entries in
            switch await WaitingDesk.write(entries, store) {
            case .success(let answers): return answers.map { .success($0) }
            case .failure(let error) where error.isRetryable || entries.count == 1:
                return entries.map { _ in .failure(error) }
            case .failure:
                // One row that the database refuses must not fail the others.
                var answers: [Answer] = []
                for entry in entries { answers.append(await WaitingDesk.write([entry], store).map { $0[0] }) }
                return answers
            }
        }
    }

    /// Returns when each is durable, or what came in its way is known.
    func wait(_ entries: [WaitingEntry]) async -> [Answer] {
        if entries.count == 1 { return [await batcher.submit(entries[0])] }
        return await withTaskGroup(of: (Int, Answer).self) { group in
            for (index, entry) in entries.enumerated() {
                group.addTask { (index, await self.batcher.submit(entry)) }
            }
            var answers = [Answer](repeating: .success(.waits), count: entries.count)
            for await (index, answer) in group { answers[index] = answer }
            return answers
        }
    }

    private static func write(_ entries: [WaitingEntry], _ store: Store) async -> Result<[WaitAnswer], StoreError> {
        do {
            return .success(try await store.wait(entries))
        } catch {
            return .failure(error)
        }
    }
}
