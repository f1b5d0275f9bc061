import CryptoExtras
import Foundation
import JobCore
import Testing

@testable import Workers

/// Requests are validated by `jsonschema` against Google's discovery document.
@Suite("Firebase over HTTP v1", .enabled(if: SharedData.isThere("contracts/fcm_v1_discovery.json")))
struct FCMTests {
    private func peer() async throws -> (ProviderPeer, FCMProvider) {
        let peer = try await ProviderPeer()
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let folder = NSTemporaryDirectory() + "fcm-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try key.publicKey.pemRepresentation.write(toFile: folder + "/public.pem", atomically: true, encoding: .utf8)
        try await peer.tell("key \(folder)/public.pem")
        let account = [
            "client_email": "push@checkin-test.iam.gserviceaccount.com", "private_key": key.pemRepresentation,
            "project_id": "checkin-test", "token_uri": "http://127.0.0.1:\(peer.port)/token",
        ]
        try JSONEncoder().encode(account).write(to: URL(filePath: folder + "/account.json"))
        let environment = [
            "FCM_SERVICE_ACCOUNT_FILE": folder + "/account.json", "FCM_URL": "http://127.0.0.1:\(peer.port)",
        ]
        return (peer, try FCMProvider(try #require(try FCMAccount(environment))))
    }

    private let device = Device(.fcm, "fGx7:APA91b-example_token", registeredAt: .now())

    @Test("every kind of content is a valid request, under one access token")
    func valid() async throws {
        let (peer, provider) = try await peer()
        let contents = [
            PushContent(title: "", body: "Só o texto", collapseID: "c"),
            PushContent(
                title: "Olá",
                body: "João está no Café Aurora ☕️",
                url: "https://checkin.example/v/7",
                badge: 3,
                collapseID: "c",
                thread: "t",
                expiresAt: Timestamp.now().advanced(by: .seconds(3600)),
                isUrgent: false
            ),
        ]
        let verdicts = await withTaskGroup(of: PushVerdict.self) { group in
            for content in contents + contents {
                group.addTask { [device] in await provider.send(content, to: device, id: JobID()) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(verdicts.allSatisfy { if case .sent(let name) = $0 { name.hasPrefix("projects/") } else { false } })
        let seen = try await peer.requests()
        #expect(seen.requests.count == 4 && seen.requests.flatMap(\.problems) == [])
        #expect(seen.tokens == 1)
    }

    @Test("a request that does not fit the contract is refused by the validator")
    func invalid() async throws {
        let (peer, _) = try await peer()
        #expect(try await peer.check("fcm", #"{"message":{"token":"t","notification":{"body":"b"}}}"#))
        #expect(try await !peer.check("fcm", #"{"message":{"token":"t","notification":{"bodi":"b"}}}"#))
        #expect(try await !peer.check("fcm", #"{"message":{"token":7}}"#))
        #expect(try await !peer.check("fcm", #"{"message":{"android":{"priority":"SOON"}}}"#))
    }

    @Test("429 waits as long as Firebase says")
    func quota() async throws {
        let (peer, provider) = try await peer()
        try await peer.tell(#"next 429 {"error":{"status":"RESOURCE_EXHAUSTED","details":[]}}"#)
        let content = PushContent(title: "", body: "b", collapseID: "c")
        let verdict = await provider.send(content, to: device, id: JobID())
        #expect(verdict == .later(after: .seconds(7), label: "fcm_quota", "FCM said 429 RESOURCE_EXHAUSTED"))
    }

    @Test("an account that Google refuses stops the provider, with the variable to look at")
    func account() async throws {
        let (peer, provider) = try await peer()
        let other = try _RSA.Signing.PrivateKey(keySize: .bits2048).publicKey.pemRepresentation
        let path = NSTemporaryDirectory() + "other-\(UUID().uuidString).pem"
        try other.write(toFile: path, atomically: true, encoding: .utf8)
        try await peer.tell("key \(path)")
        let content = PushContent(title: "", body: "b", collapseID: "c")
        guard case .down("fcm_auth", let text) = await provider.send(content, to: device, id: JobID()) else {
            Issue.record("the account was taken")
            return
        }
        #expect(text.contains("FCM_SERVICE_ACCOUNT_FILE"))
    }
}
