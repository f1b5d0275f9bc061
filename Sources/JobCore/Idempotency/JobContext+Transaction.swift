extension JobContext {
    /// Runs a closure in one transaction of the store's database and returns after its commit is durable; an error
    /// rolls it back and is thrown on. The closure is synchronous, may share its commit with other jobs' and may run
    /// again after a serialization failure: keep effects inside the session.
    ///
    /// A run whose job has been handed out again gets `StoreError.superseded`, and nothing is written.
    ///
    /// Where the manifest says `deduplicate` for the type, each step of a job is committed once, whatever crashes and
    /// however often the job is delivered or replayed within that time: a later run of the step returns without running
    /// the closure. A job with several transactions names their steps.
    ///
    /// - Parameter step: at most 100 bytes, not beginning with `$`; each name once an attempt.
    public func transaction(
        step: String = "",
        _ body: @escaping @Sendable (any SQLSession) throws -> Void
    ) async throws {
        _ = try await effect(step) { session in
            try body(session)
            return NoResult()
        }
    }

    /// The same with a result, which a deduplicating type gets again when the step was committed before: at most 64 KiB
    /// of JSON.
    @discardableResult
    public func transaction<T: Codable & Sendable>(
        step: String = "",
        _ body: @escaping @Sendable (any SQLSession) throws -> T
    ) async throws -> T {
        try await effect(step, body)
    }

    /// Reads from the store's database, outside any transaction of the job. On a read that fails the job is tried again by
    /// policy, or parks while the store is away.
    public func read<T: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        try await store.driver.read(body)
    }

    /// A transaction that is no step of the job's own: it may be repeated by every run, also where the type deduplicates. A run
    /// that was taken over writes nothing.
    @discardableResult
    public func write<T: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        let token = scope.token
        return try await store.driver.write { session throws(StoreError) in
            if let token { try session.requireCurrent(token) }
            return try body(session)
        }
    }

    private func effect<T: Codable & Sendable>(
        _ step: String,
        _ body: @escaping @Sendable (any SQLSession) throws -> T
    ) async throws -> T {
        let (id, token) = (id, scope.token)
        guard scope.deduplicates else {
            return try await store.driver.attemptWrite { session in
                if let token { try session.requireCurrent(token) }
                return try body(session)
            }.get()
        }
        try scope.enter(step)
        do {
            return try await store.driver.attemptWrite { session in
                if let token { try session.requireCurrent(token) }
                switch try session.reserve(step, of: id) {
                case .done(let earlier): return try EffectResult.decode(T.self, earlier)
                case .ours(let table):
                    let value = try body(session)
                    try session.keepResult(try EffectResult.encode(value), of: step, id, in: table)
                    return value
                }
            }.get()
        } catch {
            scope.leave(step)
            throw error
        }
    }
}

extension StoreDriver {
    /// A write whose closure may throw anything: its own error comes back as a value, after the rollback.
    func attemptWrite<T: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> T
    ) async throws(StoreError) -> Result<T, any Error> {
        let thrown = ThrownError()
        do throws(StoreError) {
            let value = try await write { session throws(StoreError) in
                try thrown.guarding { try body(session) }
            }
            return .success(value)
        } catch {
            guard error == .rolledBack, let own = thrown.error else { throw error }
            return .failure(own)
        }
    }
}
