import Curl
import Foundation
import Testing

@Suite struct `SMTP client against aiosmtpd` {
    @Test func `STARTTLS and a login carry 100 mails over one connection`() async throws {
        let (peer, folder) = try await secure("starttls")
        let client = SMTPClient(try configuration(peer, ca: folder.path))
        for _ in 0..<100 { _ = try await client.deliver(try envelope(), message: mail) }
        let seen = try await delivered(peer)
        #expect(seen.tls)
        #expect(seen.login == true)
        #expect(seen.helo == "worker.checkin.test")
        #expect(seen.content == mail)
        #expect(peer.count("CONNECTION") == 1)
        #expect(peer.count("MAIL") == 99)
    }

    @Test func `implicit TLS`() async throws {
        let folder = try TemporaryFolder()
        let peer = try await Peers.aiosmtpd(folder.path, "implicit")
        let client = SMTPClient(
            try SMTPConfiguration(
                url: "smtps://localhost:\(peer.port)",
                verification: .init(caFile: "\(folder.path)/ca.pem")
            )
        )
        #expect(try await client.deliver(try envelope(), message: mail).reply?.enhanced == "2.0.0")
    }

    @Test func `a certificate nobody vouches for is refused`() async throws {
        let (peer, _) = try await secure("starttls")
        let error = try await failure(SMTPClient(try configuration(peer, ca: nil)))
        #expect(error.label == "tls")
        #expect(error.concernsServer)
        #expect(peer.count("MAIL") == 0)
    }

    @Test func `a CA file that is not there is a TLS error`() async throws {
        let (peer, _) = try await secure("starttls")
        let error = try await failure(SMTPClient(try configuration(peer, ca: "/nonexistent")))
        #expect(error.label == "tls")
    }

    @Test func `a wrong password is an authentication error with the reply`() async throws {
        let (peer, folder) = try await secure("starttls")
        let error = try await failure(SMTPClient(try configuration(peer, ca: folder.path, password: "wrong")))
        guard case .authentication(let reply) = error else { throw error }
        #expect(reply?.code == 535)
        #expect(!"\(error)".contains("wrong"))
    }

    @Test func `a missing login is an authentication error`() async throws {
        let (peer, folder) = try await secure("starttls")
        let error = try await failure(SMTPClient(try configuration(peer, ca: folder.path, password: nil)))
        guard case .authentication(let reply) = error else { throw error }
        #expect(reply?.code == 530)
    }

    @Test func `a server that demands STARTTLS, spoken to in the clear`() async throws {
        let folder = try TemporaryFolder()
        let peer = try await Peers.aiosmtpd(folder.path, "starttls")
        let error = try await failure(SMTPClient(try plain(peer)))
        #expect(error == .authentication(SMTPReply(code: 530, text: "Must issue a STARTTLS command first")))
    }

    @Test func `a server without STARTTLS is refused when it is required`() async throws {
        let sink = try await Peers.sink()
        let client = SMTPClient(try SMTPConfiguration(url: "smtp://127.0.0.1:\(sink.port)"))
        #expect(try await failure(client).label == "tls")
    }

    @Test func `each of several recipients has its own result`() async throws {
        let folder = try TemporaryFolder()
        let peer = try await Peers.aiosmtpd(folder.path, "none")
        let client = SMTPClient(try plain(peer))
        let names = ["ana@example.org", "hard@example.org", "soft@example.org", "bia@example.org"]
        let receipt = try await client.deliver(
            try SMTPEnvelope(from: "no-reply@checkin.test", recipients: names),
            message: mail
        )
        #expect(receipt.accepted.map(\.text) == ["ana@example.org", "bia@example.org"])
        #expect(receipt.refused.map(\.recipient.text) == ["hard@example.org", "soft@example.org"])
        #expect(receipt.refused.map(\.reply.code) == [550, 450])
        #expect(receipt.refused[0].reply.text == "<address> no such user")
        #expect(try await delivered(peer).to == ["ana@example.org", "bia@example.org"])
    }

    @Test func `all recipients refused is as hopeful as the best of them`() async throws {
        let folder = try TemporaryFolder()
        let peer = try await Peers.aiosmtpd(folder.path, "none")
        let client = SMTPClient(try plain(peer))
        let mixed = try SMTPEnvelope(from: "a@b.test", recipients: ["soft@example.org", "hard@example.org"])
        let hard = try SMTPEnvelope(from: "a@b.test", recipients: ["hard@example.org", "hard2@example.org"])
        #expect(
            try await failure(client, mixed)
                == .temporary(SMTPReply(code: 450, enhanced: "4.2.1", text: "mailbox busy"))
        )
        #expect(try await failure(client, hard).label == "permanent")
    }

    @Test func `lines that start with a dot arrive unchanged`() async throws {
        let folder = try TemporaryFolder()
        let peer = try await Peers.aiosmtpd(folder.path, "none")
        let dotted = Array("Subject: dots\r\n\r\n.\r\n..\r\n.x\r\nend\r\n".utf8)
        _ = try await SMTPClient(try plain(peer)).deliver(try envelope(), message: dotted)
        #expect(try await delivered(peer).content == dotted)
    }

    private func secure(_ mode: String) async throws -> (PeerProcess, TemporaryFolder) {
        let folder = try TemporaryFolder()
        return (try await Peers.aiosmtpd(folder.path, mode, "checkin", "sesame"), folder)
    }

    private func configuration(
        _ peer: PeerProcess,
        ca: String?,
        password: String? = "sesame"
    ) throws -> SMTPConfiguration {
        try SMTPConfiguration(
            url: "smtp://localhost:\(peer.port)",
            username: password.map { _ in "checkin" },
            password: password,
            verification: TLSVerification(caFile: ca.map { $0 == "/nonexistent" ? $0 : "\($0)/ca.pem" }),
            heloName: "worker.checkin.test",
            timeout: .seconds(20)
        )
    }

    private func delivered(_ peer: PeerProcess) async throws -> DeliveredMail {
        let line = try #require(await peer.next("MAIL "))
        return try JSONDecoder().decode(DeliveredMail.self, from: Data(line.utf8))
    }
}

struct DeliveredMail: Decodable {
    let from: String
    let to: [String]
    let helo: String
    let tls: Bool
    let login: Bool?
    private let rawContent: Data

    var content: [UInt8] { Array(rawContent) }

    private enum CodingKeys: String, CodingKey {
        case from, to, helo, tls, login
        case rawContent = "content"
    }
}
