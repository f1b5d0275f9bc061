import Curl
import Foundation
import Testing

@Suite struct `SMTP client against smtp-sink` {
    @Test func `a mail is taken and the connection is used again`() async throws {
        let sink = try await Peers.sink()
        let client = SMTPClient(try plain(sink))
        let first = try await client.deliver(try envelope(), message: mail)
        let second = try await client.deliver(try envelope(), message: mail)
        #expect(first.reply?.code == 250)
        #expect(first.accepted.map(\.text) == ["ana@example.org"])
        #expect(first.openedConnection)
        #expect(!second.openedConnection)
    }

    @Test(arguments: [
        ("-r", "rcpt", SMTPError.temporary(SMTPReply(code: 450, enhanced: "4.2.1", text: "busy"))),
        ("-r", ".", SMTPError.temporary(SMTPReply(code: 450, enhanced: "4.2.1", text: "busy"))),
        ("-r", "connect", SMTPError.temporary(SMTPReply(code: 450, enhanced: "4.2.1", text: "busy"))),
        ("-f", "rcpt", SMTPError.permanent(SMTPReply(code: 550, enhanced: "5.1.1", text: "unknown"))),
        ("-f", "mail", SMTPError.permanent(SMTPReply(code: 550, enhanced: "5.1.1", text: "unknown"))),
        ("-f", "data", SMTPError.permanent(SMTPReply(code: 550, enhanced: "5.1.1", text: "unknown"))),
        ("-f", ".", SMTPError.permanent(SMTPReply(code: 550, enhanced: "5.1.1", text: "unknown"))),
        ("-f", "ehlo,helo", SMTPError.temporary(SMTPReply(code: 550, enhanced: "5.1.1", text: "unknown"))),
    ])
    func `a refusal keeps its code and its class`(flag: String, command: String, expected: SMTPError) async throws {
        let sink = try await Peers.sink(flag, command, "-b", "450 4.2.1 busy", "-B", "550 5.1.1 unknown")
        let client = SMTPClient(try plain(sink))
        let error = try await failure(client)
        #expect(error == expected)
    }

    @Test(arguments: ["connect", "ehlo", "mail", "rcpt", "data"])
    func `a connection lost before the mail was handed over is a connect error`(command: String) async throws {
        let sink = try await Peers.sink("-q", command)
        let error = try await failure(SMTPClient(try plain(sink)))
        #expect(error.label == "connect", "\(error)")
        #expect(error.isRetryable)
    }

    @Test func `a connection lost after the end of data is an unknown outcome`() async throws {
        let sink = try await Peers.sink("-q", ".")
        let error = try await failure(SMTPClient(try plain(sink)))
        #expect(error == .unknownOutcome(.connectionLost))
        #expect(error.isRetryable)
    }

    @Test(arguments: ["mail", "rcpt", "data", "."])
    func `421 at any command is temporary`(command: String) async throws {
        let sink = try await Peers.sink("-Q", command)
        let error = try await failure(SMTPClient(try plain(sink)))
        guard case .temporary(let reply) = error else { throw error }
        #expect(reply.code == 421)
    }

    @Test func `time out before the end of data means nothing was sent`() async throws {
        let sink = try await Peers.sink("-W", "rcpt:20")
        let error = try await failure(SMTPClient(try plain(sink, timeout: .milliseconds(700))))
        #expect(error == .timeout)
    }

    @Test func `time out after the end of data is an unknown outcome`() async throws {
        let sink = try await Peers.sink("-W", ".:20")
        let start = ContinuousClock.now
        let error = try await failure(SMTPClient(try plain(sink, timeout: .milliseconds(700))))
        #expect(error == .unknownOutcome(.timeout))
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    @Test(arguments: ["data", "body"])
    func `a cancelled mail is never completed`(stage: String) async throws {
        let peer = try await Peers.stalling(stage)
        let client = SMTPClient(try plain(peer))
        let large = mail + Array(String(repeating: "0123456789\r\n", count: 1_000_000).utf8)
        let task = Task { try await failure(client, message: large) }
        #expect(await peer.next(stage.uppercased()) != nil)
        task.cancel()
        #expect(try await task.value == .cancelled)
        try peer.tell("go on")
        #expect(await peer.next("ENDED ") == "cut")
        _ = try await client.deliver(try envelope(), message: mail)
        #expect(await peer.next("SERVED") != nil)
    }

    @Test func `a connection the server closed while idle is replaced`() async throws {
        let peer = try await Peers.stalling("idle")
        let client = SMTPClient(try plain(peer))
        _ = try await client.deliver(try envelope(), message: mail)
        try peer.tell("go on")
        #expect(await peer.next("CLOSED") != nil)
        #expect(try await client.deliver(try envelope(), message: mail).openedConnection)
    }

    @Test func `a mail that runs out of time while it is written is never completed`() async throws {
        let peer = try await Peers.stalling("body")
        let large = mail + Array(String(repeating: "0123456789\r\n", count: 1_000_000).utf8)
        let client = SMTPClient(try plain(peer, timeout: .seconds(2)))
        #expect(try await failure(client, message: large) == .timeout)
        try peer.tell("go on")
        #expect(await peer.next("ENDED ") == "cut")
    }

    @Test func `nobody listens`() async throws {
        let client = SMTPClient(
            try SMTPConfiguration(url: "smtp://127.0.0.1:1", security: SMTPConfiguration.Security.none)
        )
        let error = try await failure(client)
        #expect(error.label == "connect")
    }

    @Test func `a closed client refuses`() async throws {
        let sink = try await Peers.sink()
        let client = SMTPClient(try plain(sink))
        client.close()
        #expect(try await failure(client) == .closed)
    }

    @Test func `500 concurrent mails share four connections`() async throws {
        let sink = try await Peers.sink()
        let client = SMTPClient(try plain(sink, timeout: .seconds(120), maxWaiting: 500))
        let receipts = try await withThrowingTaskGroup(of: SMTPReceipt.self) { group in
            for number in 0..<500 {
                group.addTask {
                    try await client.deliver(
                        try SMTPEnvelope(from: "no-reply@checkin.test", recipients: ["user\(number)@example.org"]),
                        message: mail
                    )
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(receipts.count == 500)
        #expect(receipts.count { $0.openedConnection } <= 4)
    }
}

let mail = Array("Subject: hello\r\nMessage-ID: <1@checkin.test>\r\n\r\nHi\r\n".utf8)

func envelope() throws -> SMTPEnvelope {
    try SMTPEnvelope(from: "no-reply@checkin.test", recipients: ["ana@example.org"])
}

func plain(
    _ peer: PeerProcess,
    timeout: Duration = .seconds(20),
    maxWaiting: Int = 1024
) throws -> SMTPConfiguration {
    var configuration = try SMTPConfiguration(
        url: "smtp://127.0.0.1:\(peer.port)",
        security: SMTPConfiguration.Security.none,
        timeout: timeout
    )
    configuration.maxWaiting = maxWaiting
    return configuration
}

struct UnexpectedSuccess: Error {}

func failure(
    _ client: SMTPClient,
    _ given: SMTPEnvelope? = nil,
    message: [UInt8] = mail
) async throws -> SMTPError {
    let envelope = try given ?? envelope()
    do {
        _ = try await client.deliver(envelope, message: message)
    } catch {
        return error
    }
    throw UnexpectedSuccess()
}
