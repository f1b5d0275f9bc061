import Foundation

/// The peers of these tests by name.
enum Peers {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Peers").path

    static func http() async throws -> PeerProcess { try await PeerProcess("\(folder)/http_peer.py") }

    static func aiosmtpd(_ arguments: String...) async throws -> PeerProcess {
        try await PeerProcess("\(folder)/smtp_peer.py", arguments)
    }

    /// Postfix smtp-sink with its flags.
    static func sink(_ flags: String...) async throws -> PeerProcess {
        try await PeerProcess("\(folder)/sink_peer.py", flags)
    }
}

/// A folder that goes away with its owner.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "curl-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
