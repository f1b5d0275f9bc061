import Foundation
import Testing

/// provider_peer.py.
final class ProviderPeer: Sendable {
    struct Seen: Decodable {
        struct Request: Decodable {
            let path: String
            let problems: [String]
        }
        let requests: [Request]
        let tokens: Int
    }

    private let process: PeerProcess

    init() async throws {
        process = try await PeerProcess(
            Desk.repository + "/Tests/WorkersTests/Peers/provider_peer.py",
            [SharedData.folder + "/contracts"]
        )
    }

    var port: Int { process.port }

    func tell(_ command: String) async throws {
        try process.tell(command)
        _ = try #require(await process.next("DONE "))
    }

    func requests() async throws -> Seen {
        try process.tell("requests")
        let line = try #require(await process.next("REQUESTS "))
        return try JSONDecoder().decode(Seen.self, from: Data(line.utf8))
    }

    /// Whether the validator takes a document.
    func check(_ contract: String, _ json: String) async throws -> Bool {
        try process.tell("check \(contract) \(json)")
        return await process.next("CHECK ") == "VALID"
    }
}
