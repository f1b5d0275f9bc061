/// A database underneath the store. Drivers are thin: they run synchronous closures on threads of their own and turn
/// the database's errors into `StoreError`. All SQL of the platform is above them, written once.
package protocol StoreDriver: Sendable {
    var dialect: Dialect { get }

    /// Runs a closure inside a write transaction and returns after its commit is durable. May share the transaction
    /// with other callers' closures (each inside a savepoint of its own) and may run the closure again after a
    /// serialization failure, so it must have no effect outside the session.
    @discardableResult
    func write<T: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
    ) async throws(StoreError) -> T

    /// Runs a closure that only reads, inside one snapshot.
    func read<T: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
    ) async throws(StoreError) -> T

    /// Runs statements that cannot be inside a shared transaction: the schema's. All or nothing where the database
    /// allows it.
    func migrate(
        _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> Void
    ) async throws(StoreError)
}
