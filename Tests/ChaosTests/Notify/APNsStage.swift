import Foundation
import Testing

/// push_peer.py with a key of its own, and the settings that lead a worker there.
final class APNsStage: Sendable {
    let environment: [String: String]
    private let peer: PeerProcess

    init(_ name: String, streams: Int) async throws {
        let folder = "\(Undertaker.shared.folder)/\(name)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        peer = try await PeerProcess(
            Ground.checkout + "/Tests/WorkersTests/Peers/push_peer.py",
            [folder, "\(streams)", "ABC123DEFG", "DEF123GHIJ"]
        )
        for arguments in [
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", "\(folder)/key.p8"],
            ["pkey", "-in", "\(folder)/key.p8", "-pubout", "-out", "\(folder)/public.pem"],
        ] {
            let child = try ChildProcess(
                "/usr/bin/openssl",
                arguments,
                environment: [:],
                output: "\(folder)/openssl.log"
            )
            #expect(await child.ended() == .status(0))
        }
        environment = [
            "APNS_KEY_FILE": "\(folder)/key.p8", "APNS_KEY_ID": "ABC123DEFG", "APNS_TEAM_ID": "DEF123GHIJ",
            "APNS_TOPIC": "br.checkin.app", "APNS_URL": "https://localhost:\(peer.port)",
            "APNS_CA_FILE": "\(folder)/ca.pem",
        ]
        try await tell("key \(folder)/public.pem")
    }

    func tell(_ command: String) async throws {
        try peer.tell(command)
        _ = try #require(await peer.next("DONE "))
    }

    func stats() async throws -> Data {
        try peer.tell("stats")
        return Data(try #require(await peer.next("STATS ")).utf8)
    }
}
