import Curl
import Foundation
import Testing
import Workers

/// A mail as Python's `email` package understood it.
struct ReadMail: Decodable {
    let file: String
    let defects: [String]
    let subject: String
    let messageID: String
    let from: [[String]]
    let to: [[String]]
    let replyTo: [[String]]
    let text: String?
    let html: String?
    let headers: [[String]]
    let timestamp: Int64
    let parts: [String]
    let longestLine: Int

    private enum CodingKeys: String, CodingKey {
        case file, defects, subject, from, to, text, html, headers, timestamp, parts
        case messageID = "message_id"
        case replyTo = "reply_to"
        case longestLine = "longest_line"
    }

    static func all(in folder: String) async throws -> [ReadMail] {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Peers/mail_reader.py").path
        let reader = try await PeerProcess(script, [folder])
        guard await reader.next("END") != nil else {
            throw PeerProcess.Unavailable(description: "mail_reader.py failed")
        }
        var mails: [ReadMail] = []
        for _ in 0..<reader.count("MAIL ") {
            let line = try #require(await reader.next("MAIL "))
            mails.append(try JSONDecoder().decode(ReadMail.self, from: Data(line.utf8)))
        }
        return mails
    }
}

/// A folder that goes away with its owner; other users may write into it, as smtp-sink runs as one.
final class MailFolder: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "mail-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: url.path)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

func message(
    _ number: Int = 1,
    from: Mailbox? = nil,
    to: [Mailbox]? = nil,
    replyTo: Mailbox? = nil,
    subject: String = "hello",
    text: String = "Hi\n",
    html: String? = "<p>Hi</p>\n"
) throws -> MailMessage {
    MailMessage(
        from: try from ?? Mailbox(name: "CheckIn", "no-reply@checkin.test"),
        to: try to ?? [Mailbox(name: "Ana", "ana@example.org")],
        replyTo: replyTo,
        subject: subject,
        text: text,
        html: html,
        messageID: try MessageID("job-\(number).mail@checkin.test"),
        dateMilliseconds: 1_795_354_562_123
    )
}

func sinkPeer(_ flags: [String]) async throws -> PeerProcess {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    return try await PeerProcess(tests.appending(path: "CurlTests/Peers/sink_peer.py").path, flags)
}
