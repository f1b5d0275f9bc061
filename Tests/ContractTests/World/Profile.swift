import Foundation
import Testing

/// The two platforms that the contract binds.
enum Profile: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case embedded, cluster

    var testDescription: String { rawValue }

    /// `JOBS_TEST_PROFILES`, a list with commas; both by default.
    static let underTest: [Profile] = {
        let chosen = ProcessInfo.processInfo.environment["JOBS_TEST_PROFILES"] ?? ""
        let names = chosen.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let profiles = names.compactMap(Profile.init(rawValue:))
        return names.isEmpty || profiles.count < names.count ? allCases : profiles
    }()
}

/// Something the suite cannot do without, and how to get it.
struct MissingPeer: Error, CustomStringConvertible {
    let description: String

    static func value(_ name: String) throws -> String {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
            throw MissingPeer(
                description: """
                    \(name) is not set. Start private nodes and export their addresses: scripts/nodes start, then \
                    eval "$(scripts/nodes env)"; or leave the cluster out with JOBS_TEST_PROFILES=embedded
                    """
            )
        }
        return value
    }
}
