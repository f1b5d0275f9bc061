import Synchronization

/// Carries a caller's own error past a typed throw.
final class ThrownError: Sendable {
    private let kept = Mutex<(any Error)?>(nil)

    var error: (any Error)? { kept.withLock { $0 } }

    /// Runs a closure; an error of its own is kept here and turned into `StoreError.rolledBack`.
    func guarding<T>(_ body: () throws -> T) throws(StoreError) -> T {
        let result = Result(catching: body)
        switch result {
        case .success(let value):
            return value
        case .failure(let error as StoreError):
            throw error
        case .failure(let error):
            kept.withLock { $0 = error }
            throw .rolledBack
        }
    }
}
