import Synchronization
import Testing

/// Counts the named tests that each profile has run. At the end of the suite the numbers are printed, and they must be
/// equal: a test that forgets a profile is no contract.
enum Tally {
    private static let seen = Mutex<[Profile: Set<String>]>([:])

    static func count(_ profile: Profile) {
        let name = Test.current.map { "\($0.id)" } ?? "unnamed"
        seen.withLock { _ = $0[profile, default: []].insert(name) }
    }

    static func conclude() {
        let seen = seen.withLock { $0 }
        guard !seen.isEmpty else { return }
        let names = seen.values.reduce(into: Set<String>()) { $0.formUnion($1) }
        let counts = Profile.underTest.map { seen[$0]?.count ?? 0 }
        let figures = zip(counts, Profile.underTest).enumerated().map { index, pair in
            "\(pair.0) \(index == 0 ? "tests " : "")× \(pair.1)"
        }
        print("contract: \(figures.joined(separator: ", "))")
        for profile in Profile.underTest {
            #expect(seen[profile] == names, "\(profile) did not run the same tests as the other profile")
        }
    }
}

/// Concludes the tally after the last test of the suite and of the suites inside it.
struct TallyTrait: SuiteTrait, TestScoping {
    let isRecursive = false

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await function()
        Tally.conclude()
    }
}

extension Trait where Self == TallyTrait {
    static var tallied: Self { TallyTrait() }
}
