import Crypto
import Foundation
import JobCore
import Testing

@testable import Workers

@Suite("APNs over TLS and HTTP/2", .timeLimit(.minutes(3)))
struct APNsTests {
    private struct Stats: Decodable {
        let most: Int
        let beforeFirst: Int
        let answered: Int
        let tokens: Int
        let faults: [String]
    }

    private final class Peer: Sendable {
        let process: PeerProcess
        let folder: String

        init(streams: Int) async throws {
            folder = NSTemporaryDirectory() + "apns-peer-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let script = Desk.repository + "/Tests/WorkersTests/Peers/push_peer.py"
            process = try await PeerProcess(script, [folder, "\(streams)", "ABC123DEFG", "DEF123GHIJ"])
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func provider() async throws -> APNsProvider {
            let environment = try APNsKey.environment(
                url: "https://localhost:\(process.port)",
                caFile: "\(folder)/ca.pem"
            )
            let key = try P256.Signing.PrivateKey(
                pemRepresentation: try String(contentsOfFile: environment["APNS_KEY_FILE"] ?? "", encoding: .utf8)
            )
            try key.publicKey.pemRepresentation.write(toFile: "\(folder)/public.pem", atomically: true, encoding: .utf8)
            try process.tell("key \(folder)/public.pem")
            _ = await process.next("DONE key")
            return try APNsProvider(try #require(try APNsSettings(environment)))
        }

        func stats() async throws -> Stats {
            try process.tell("stats")
            let line = try #require(await process.next("STATS "))
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Stats.self, from: Data(line.utf8))
        }
    }

    private let content = PushContent(title: "Olá", body: "João está no Café Aurora ☕️", collapseID: "c")

    private func send(_ count: Int, _ token: @escaping @Sendable (Int) -> String, by provider: APNsProvider) async
        -> [PushVerdict]
    {
        await withTaskGroup(of: (Int, PushVerdict).self) { group in
            for index in 0..<count {
                let content = content
                group.addTask {
                    let device = Device(.apns, token(index), registeredAt: .now())
                    return (index, await provider.send(content, to: device, id: JobID()))
                }
            }
            return await group.reduce(into: [Int: PushVerdict]()) { $0[$1.0] = $1.1 }.sorted { $0.key < $1.key }
                .map(\.value)
        }
    }

    @Test("one token, one stream until it is accepted, then as many as the peer allows and no more connections")
    func streams() async throws {
        let peer = try await Peer(streams: 5)
        let provider = try await peer.provider()
        let verdicts = await send(200, { String(format: "00000d01%08x", $0) }, by: provider)
        #expect(verdicts.allSatisfy { if case .sent(let id) = $0 { JobID(id) != nil } else { false } })
        let stats = try await peer.stats()
        #expect(stats.faults == [])
        #expect(stats.answered == 200 && stats.tokens == 1)
        #expect(stats.beforeFirst == 1)
        #expect((2...5).contains(stats.most))
    }

    @Test("410, 429 and 503 as Apple means them")
    func answers() async throws {
        let peer = try await Peer(streams: 100)
        let provider = try await peer.provider()
        let tokens = ["00000000aa", "41001aaaaa", "42902aaaaa", "50303aaaaa", "40004aaaaa", "40305aaaaa"]
        let verdicts = await send(tokens.count, { tokens[$0] }, by: provider)
        guard case .sent = verdicts[0], case .gone(let since?) = verdicts[1] else {
            Issue.record("\(verdicts)")
            return
        }
        #expect(abs(since.duration(since: .now()).components.seconds) < 60)
        #expect(
            verdicts[2] == .later(after: .seconds(60), label: "apns_too_many_requests", "APNs said 429 TooManyRequests")
        )
        #expect(
            verdicts[3] == .later(after: .seconds(900), label: "apns_unavailable", "APNs said 503 ServiceUnavailable")
        )
        #expect(
            verdicts[4]
                == .refused(label: "apns_bad_device_token", "APNs said 400 BadDeviceToken of this device's token")
        )
        guard case .down("apns_invalid_provider_token", _) = verdicts[5] else {
            Issue.record("\(verdicts[5])")
            return
        }
        #expect(try await peer.stats().faults == [])
    }

    @Test("a GOAWAY in the middle loses nothing: what was not answered is told as such, and the next ones go")
    func goaway() async throws {
        let peer = try await Peer(streams: 50)
        let provider = try await peer.provider()
        async let first = send(300, { String(format: "00000d02%08x", $0) }, by: provider)
        try peer.process.tell("reach 40")
        _ = await peer.process.next("DONE reach")
        try peer.process.tell("goaway")
        _ = await peer.process.next("DONE goaway")
        let verdicts = await first
        let sent = verdicts.count { if case .sent = $0 { true } else { false } }
        let later = verdicts.count {
            if case .later(_, let label, _) = $0 {
                label == "apns_interrupted" || label == "apns_timeout"
            } else {
                false
            }
        }
        let down = verdicts.count { if case .down("apns_unreachable", _) = $0 { true } else { false } }
        #expect(sent + later + down == 300 && sent >= 40)
        let again = await send(50, { String(format: "00000000%08x", $0) }, by: provider)
        #expect(again.allSatisfy { if case .sent = $0 { true } else { false } })
        #expect(try await peer.stats().faults == [])
    }

    @Test("the token is kept for 50 minutes, and a young one that Apple calls expired is not replaced")
    func token() async throws {
        let pem = P256.Signing.PrivateKey().pemRepresentation
        let token = try APNsToken(pem: pem, keyID: "ABC123DEFG", teamID: "DEF123GHIJ")
        let start = ContinuousClock.now
        let first = try await token.token(now: start)
        #expect(try await token.token(now: start.advanced(by: .seconds(49 * 60))).text == first.text)
        await token.expire(first, now: start.advanced(by: .seconds(19 * 60)))
        #expect(try await token.token(now: start.advanced(by: .seconds(19 * 60))).text == first.text)
        await token.expire(first, now: start.advanced(by: .seconds(21 * 60)))
        let second = try await token.token(now: start.advanced(by: .seconds(21 * 60)))
        #expect(second.text != first.text)
        #expect(try await token.token(now: start.advanced(by: .seconds(72 * 60))).text != second.text)
    }
}
