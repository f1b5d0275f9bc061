/// Reads that attempts ask for at the same time, made by one statement: a lone one waits for nobody.
public final class GatheredReads<Key: Sendable, Value: Sendable>: Sendable {
    private struct Item: Sendable {
        let key: Key
        let store: Store
    }

    private let batcher: Batcher<Item, Result<Value, StoreError>>

    /// - Parameters:
    ///   - maximum: keys of one read.
    ///   - body: gives one value a key, in order.
    public init(
        maximum: Int = 200,
        _ body: @escaping @Sendable (any SQLSession, [Key]) throws(StoreError) -> [Value]
    ) {
        batcher = Batcher(maximum: maximum) { items in
            guard let store = items.first?.store else { return [] }
            do throws(StoreError) {
                let keys = items.map(\.key)
                return try await store.driver.read { session throws(StoreError) in try body(session, keys) }
                    .map { .success($0) }
            } catch {
                return items.map { _ in .failure(error) }
            }
        }
    }

    public func read(_ key: Key, _ context: JobContext) async throws(StoreError) -> Value {
        try await batcher.submit(Item(key: key, store: context.store)).get()
    }
}

/// Writes of attempts that end at the same time, in one transaction. A run that was taken over writes nothing and gets
/// `superseded`; what the store refuses is written again alone, so that it costs nobody else.
public final class GatheredWrites<Row: Sendable>: Sendable {
    private struct Item: Sendable {
        let row: Row
        let token: RunToken?
        let store: Store
    }

    private let batcher: Batcher<Item, Result<Void, StoreError>>

    public init(
        maximum: Int = 200,
        _ body: @escaping @Sendable (any SQLSession, [Row]) throws(StoreError) -> Void
    ) {
        batcher = Batcher(maximum: maximum) { items in
            let together = await Self.write(items, body)
            guard items.count > 1, case .failure(let error) = together, !error.isRetryable else {
                return together.answers(items.count)
            }
            var answers: [Result<Void, StoreError>] = []
            for item in items { answers += await Self.write([item], body).answers(1) }
            return answers
        }
    }

    /// Returns when it is durable.
    public func write(_ row: Row, _ context: JobContext) async throws(StoreError) {
        try await batcher.submit(Item(row: row, token: context.scope.token, store: context.store)).get()
    }

    /// One answer an item, or one error for all.
    private static func write(
        _ items: [Item],
        _ body: @escaping @Sendable (any SQLSession, [Row]) throws(StoreError) -> Void
    ) async -> Result<[Result<Void, StoreError>], StoreError> {
        guard let store = items.first?.store else { return .success([]) }
        do throws(StoreError) {
            return .success(
                try await store.driver.write { session throws(StoreError) in
                    let superseded = try session.superseded(among: items.compactMap(\.token))
                    let isOver = items.map { item in item.token.map(superseded.contains) ?? false }
                    let rows = zip(items, isOver).filter { !$0.1 }.map(\.0.row)
                    if !rows.isEmpty { try body(session, rows) }
                    return isOver.map { $0 ? .failure(.superseded) : .success(()) }
                }
            )
        } catch {
            return .failure(error)
        }
    }
}

extension Result where Success == [Result<Void, StoreError>], Failure == StoreError {
    fileprivate func answers(_ count: Int) -> [Result<Void, StoreError>] {
        switch self {
        case .success(let answers): answers
        case .failure(let error): Array(repeating: .failure(error), count: count)
        }
    }
}
