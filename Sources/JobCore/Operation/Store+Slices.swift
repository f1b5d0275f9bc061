extension Store {
    /// Changes many rows under one operation, 500 in a transaction with its part of the operation's row: a crash in between
    /// leaves whole slices.
    /// - Parameters:
    ///   - counted: the figure's name in the operation's detail.
    ///   - change: answers how many of its slice it has changed.
    /// - Returns: how many in all.
    func change<Item: Sendable>(
        _ items: [Item],
        _ operation: Operation,
        counted: String,
        _ change: @escaping @Sendable (any SQLSession, [Item]) throws(StoreError) -> Int
    ) async throws(StoreError) -> Int {
        let size = 500
        var changed = 0
        for start in stride(from: 0, to: items.count, by: size) {
            let slice = Array(items[start..<min(start + size, items.count)])
            let (before, isLast) = (changed, start + size >= items.count)
            changed += try await driver.write { session throws(StoreError) in
                let count = try change(session, slice)
                guard before + count > 0 else { return count }
                try session.write(
                    Operation(
                        id: operation.id,
                        kind: operation.kind,
                        subject: operation.subject,
                        actor: operation.actor,
                        reason: operation.reason,
                        state: isLast ? .done : .running,
                        detail: operation.detail.merging([counted: .int(before + count)]) { $1 }
                    )
                )
                return count
            }
        }
        return changed
    }
}
