import Foundation
import JWTKit

/// The token that authenticates this process to Apple: one for all its connections, kept for as long as Apple likes it,
/// which wants a new one at the earliest after 20 minutes and at the latest after an hour.
actor APNsToken {
    /// Where Apple's hour is nearly over; clocks differ.
    static let lifetime: Duration = .seconds(50 * 60)

    struct Current: Sendable {
        let text: String
        let madeAt: ContinuousClock.Instant

        func age(at now: ContinuousClock.Instant = .now) -> Duration { madeAt.duration(to: now) }
    }

    private struct Claims: JWTPayload {
        let iss: String
        let iat: Int

        func verify(using _: some JWTAlgorithm) {}
    }

    private let key: ES256PrivateKey
    private let keyID: String
    private let teamID: String
    private var current: Current?

    /// - Parameter pem: the `.p8` file as Apple gives it.
    init(pem: String, keyID: String, teamID: String) throws {
        key = try ES256PrivateKey(pem: pem)
        self.keyID = keyID
        self.teamID = teamID
    }

    func token(now: ContinuousClock.Instant = .now) async throws -> Current {
        if let current, current.age(at: now) < Self.lifetime { return current }
        let keys = JWTKeyCollection()
        let kid = JWKIdentifier(string: keyID)
        await keys.add(ecdsa: key, kid: kid)
        let text = try await keys.sign(Claims(iss: teamID, iat: Int(Date().timeIntervalSince1970)), kid: kid)
        // Somebody else may have made one while this one was signed: all use the same.
        if let current, current.age(at: now) < Self.lifetime { return current }
        let fresh = Current(text: text, madeAt: now)
        current = fresh
        return fresh
    }

    /// Apple says that this one is over. A young one stays: making tokens faster than every 20 minutes is refused too.
    func expire(_ refused: Current, now: ContinuousClock.Instant = .now) {
        guard let current, current.madeAt == refused.madeAt, current.age(at: now) >= APNsAnswer.youngestRefresh else {
            return
        }
        self.current = nil
    }
}
