import JobCore
import Synchronization

/// The keys of callers. What the store said is believed for five seconds: a key that is revoked goes on for no longer.
final class KeyRing: Sendable {
    private static let freshness: Duration = .seconds(5)
    /// Of strangers too, so bounded.
    private static let capacity = 10_000

    private struct Known {
        let key: APIKey?
        let until: ContinuousClock.Instant
    }

    private let store: Store
    private let known = Mutex<[String: Known]>([:])

    init(store: Store) {
        self.store = store
    }

    /// - Parameter authorization: the header, as it came.
    func key(_ authorization: String?) async throws(Problem) -> APIKey {
        guard let authorization, authorization.lowercased().hasPrefix("bearer "),
            let token = APIToken(authorization.dropFirst("bearer ".count).drop { $0 == " " }),
            let key = try await find(token.id), token.fits(key)
        else { throw .unauthorized }
        return key
    }

    private func find(_ id: String) async throws(Problem) -> APIKey? {
        if let known = known.withLock({ $0[id] }), known.until > .now { return known.key }
        let key: APIKey?
        do throws(StoreError) {
            key = try await store.validKey(id)
            if key != nil { try await store.noteUse(of: id) }
        } catch {
            throw Problem(error)
        }
        known.withLock { known in
            if known.count >= KeyRing.capacity { known.removeAll() }
            known[id] = Known(key: key, until: .now.advanced(by: KeyRing.freshness))
        }
        return key
    }
}
