import Foundation

/// The peers of these tests by name.
enum Peers {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Peers").path

    static func http() async throws -> PeerProcess { try await PeerProcess("\(folder)/http_peer.py") }

    /// nghttpx before the same server; its certificate is in the folder.
    static func http2(_ folderForCertificate: String) async throws -> PeerProcess {
        try await PeerProcess("\(folder)/http2_peer.py", [folderForCertificate])
    }

    static func aiosmtpd(_ arguments: String...) async throws -> PeerProcess {
        try await PeerProcess("\(folder)/smtp_peer.py", arguments)
    }

    /// Stops before it says 354 (`data`), after (`body`), or hangs up after the first mail (`idle`).
    static func stalling(_ stage: String) async throws -> PeerProcess {
        try await PeerProcess("\(folder)/stalling_peer.py", [stage])
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
