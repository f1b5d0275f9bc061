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
        #expect(ContinuousClock.now - start < .seconds(4))
    }

    @Test func `cancelling before the hand-over delivers nothing`() async throws {
        let folder = try TemporaryFolder()
        chmod(folder.path, 0o777)
        let sink = try await Peers.sink("-W", "data:2", "-d", "\(folder.path)/mail.")
        let client = SMTPClient(try plain(sink))
        let task = Task { try await failure(client) }
        try await Task.sleep(for: .milliseconds(500))
        task.cancel()
        let error = try await task.value
        #expect(error == .cancelled)
        // The next mail on the same client proves that the loop lives, and is the only one the sink keeps.
        _ = try await client.deliver(try envelope(), message: mail)
        let kept = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .map { try String(contentsOfFile: "\(folder.path)/\($0)", encoding: .utf8) }
        #expect(kept.count { $0.contains("Subject: hello") } == 1)
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

    @Test func `2 000 concurrent mails share four connections`() async throws {
        let sink = try await Peers.sink()
        let client = SMTPClient(try plain(sink, maxWaiting: 2000))
        let start = ContinuousClock.now
        let receipts = try await withThrowingTaskGroup(of: SMTPReceipt.self) { group in
            for number in 0..<2000 {
                group.addTask {
                    try await client.deliver(
                        try SMTPEnvelope(from: "no-reply@checkin.test", recipients: ["user\(number)@example.org"]),
                        message: mail
                    )
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        print("2 000 mails in \(ContinuousClock.now - start)")
        #expect(receipts.count == 2000)
        #expect(receipts.count { $0.openedConnection } <= 4)
        try sink.tell("stats")
        let counters = await sink.next("COUNTERS ")
        print("smtp-sink sessions, quits, messages:", counters ?? "none")
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

func failure(_ client: SMTPClient, _ given: SMTPEnvelope? = nil) async throws -> SMTPError {
    let envelope = try given ?? envelope()
    do {
        _ = try await client.deliver(envelope, message: mail)
    } catch {
        return error
    }
    throw UnexpectedSuccess()
}
