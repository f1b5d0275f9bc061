import JobCore
import Synchronization

/// The profile's own driver, which tells of each commit, and fails when a test says so.
final class WatchedDriver: StoreDriver {
    /// What becomes of a call before it reaches the database; nil lets it pass.
    typealias Fault = @Sendable (_ isWrite: Bool) -> StoreError?

    let base: any StoreDriver
    private let signal: Signal
    private let fault = Mutex<Fault?>(nil)
    private let refusalCount = Mutex(0)
    private let lookUpCount = Mutex(0)

    /// Calls that have failed because a test said so.
    var refusals: Int { refusalCount.withLock { $0 } }

    /// Statements that have read the marks of redelivered jobs.
    var lookUps: Int { lookUpCount.withLock { $0 } }

    var dialect: Dialect { base.dialect }

    init(_ base: any StoreDriver, signal: Signal) {
        self.base = base
        self.signal = signal
    }

    func fail(_ fault: Fault?) {
        self.fault.withLock { $0 = fault }
        signal.ring()
    }

    /// As if the database were not there.
    func goAway() {
        fail { _ in .unavailable("away for a test") }
    }

    func comeBack() { fail(nil) }

    private func note(_ sql: String) {
        if sql.contains("left join workers") { lookUpCount.withLock { $0 += 1 } }
    }

    private func check(isWrite: Bool) throws(StoreError) {
        guard let error = fault.withLock({ $0 })?(isWrite) else { return }
        refusalCount.withLock { $0 += 1 }
        throw error
    }

    @discardableResult
    func write<T: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        try check(isWrite: true)
        let value = try await base.write { session throws(StoreError) in
            try body(WatchedSession(base: session) { self.note($0) })
        }
        signal.ring()
        return value
    }

    func read<T: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        try check(isWrite: false)
        return try await base.read(body)
    }

    func migrate(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> Void
    ) async throws(StoreError) {
        try await base.migrate(body)
    }
}

/// Tells of each query; confined to the driver's thread like the session underneath.
private struct WatchedSession: SQLSession {
    let base: any SQLSession
    let note: (String) -> Void

    var dialect: Dialect { base.dialect }

    @discardableResult
    func execute(_ sql: String, _ parameters: SQLParameters) throws(StoreError) -> Int {
        try base.execute(sql, parameters)
    }

    func query(_ sql: String, _ parameters: SQLParameters) throws(StoreError) -> [SQLRow] {
        note(sql)
        return try base.query(sql, parameters)
    }

    @discardableResult
    func executeBatch(_ sql: String, _ batch: [SQLParameters]) throws(StoreError) -> [Int] {
        try base.executeBatch(sql, batch)
    }
}
