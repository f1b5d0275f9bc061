import Curl
import Foundation
import Testing
import Workers

@Suite struct `E-mail transports` {
    @Test func `2 000 mails reach smtp-sink over few connections and read well`() async throws {
        let folder = try MailFolder()
        let sink = try await sinkPeer(["-d", "\(folder.path)/mail."])
        var configuration = try SMTPConfiguration(
            url: "smtp://127.0.0.1:\(sink.port)",
            security: SMTPConfiguration.Security.none
        )
        configuration.maxWaiting = 2000
        let client = SMTPClient(configuration)
        let templates = try templates()
        let start = ContinuousClock.now
        let opened = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<2000 {
                group.addTask {
                    let mail = try templated(number, templates)
                    return try await client.deliver(mail.envelope, message: mail.bytes).openedConnection
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        print("2 000 mails composed and delivered in \(ContinuousClock.now - start), \(opened) connections")
        #expect(opened * 50 <= 2000)
        // The sink's own count, the probe for readiness taken off, grows as connections end.
        client.close()
        var seen = 0
        let patience = ContinuousClock.now + .seconds(20)
        while seen != opened, ContinuousClock.now < patience {
            try sink.tell("stats")
            let counters = try #require(await sink.next("COUNTERS ")).split(separator: " ").compactMap { Int($0) }
            #expect(counters.last == 2000)
            seen = counters[0] - 1
        }
        #expect(seen == opened)

        let read = try await ReadMail.all(in: folder.path)
        let bySubject = Dictionary(grouping: read, by: \.messageID)
        #expect(read.count == 2000)
        #expect(bySubject.count == 2000)
        #expect(read.flatMap(\.defects).isEmpty)
        for number in 0..<2000 {
            let mail = try #require(bySubject["<job-\(number).mail@checkin.test>"]?.first)
            let expected = try rendered(number, templates)
            #expect(mail.subject == expected.subject)
            #expect(mail.text == expected.text)
            #expect(mail.html == expected.html)
            #expect(mail.to == [["Conceição \(number) 🎈", "user\(number)@example.org"]])
        }
    }

    @Test func `a refusal comes through with its class`() async throws {
        let sink = try await sinkPeer(["-f", "rcpt", "-B", "550 5.1.1 unknown"])
        let client = SMTPClient(
            try SMTPConfiguration(url: "smtp://127.0.0.1:\(sink.port)", security: SMTPConfiguration.Security.none)
        )
        let mail = try message().composed()
        await #expect(
            throws: EmailTransportError.smtp(.permanent(SMTPReply(code: 550, enhanced: "5.1.1", text: "unknown")))
        ) { try await SMTPTransport(client).deliver(mail) }
    }

    @Test func `a captured mail is one file, whole, and the second try replaces it`() async throws {
        let folder = try MailFolder()
        let transport = try CaptureTransport(folder: "\(folder.path)/new/outbox")
        let mail = try message(7).composed()
        let first = try await transport.deliver(mail)
        let second = try await transport.deliver(mail)
        #expect(first == second)
        #expect(first.reference == "\(folder.path)/new/outbox/job-7.mail@checkin.test.eml")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/new/outbox").count == 1)
        #expect(try Array(Data(contentsOf: URL(filePath: first.reference))) == mail.bytes)
    }

    @Test func `a capture folder that went away is a typed error`() async throws {
        let folder = try MailFolder()
        let transport = try CaptureTransport(folder: "\(folder.path)/gone")
        try FileManager.default.removeItem(atPath: "\(folder.path)/gone")
        let mail = try message().composed()
        await #expect(throws: EmailTransportError.capture(errno: ENOENT)) { try await transport.deliver(mail) }
        #expect(throws: EmailTransportError.self) { try CaptureTransport(folder: "/dev/null/folder") }
    }
}

private func rendered(_ number: Int, _ templates: EmailTemplates) throws -> EmailTemplates.Rendered {
    try templates.render(
        number.isMultiple(of: 2) ? "welcome" : "checkin_receipt",
        locale: number % 4 < 2 ? "pt-BR" : "en",
        values: [
            "name": "Conceição \(number)", "venue": "Açaí & Cia 🍨 \(number)", "date": "22/11/2026",
            "review_url": "https://checkin.test/r/\(number)",
        ]
    )
}

private func templated(_ number: Int, _ templates: EmailTemplates) throws -> ComposedMail {
    let content = try rendered(number, templates)
    return try message(
        number,
        to: [Mailbox(name: "Conceição \(number) 🎈", "user\(number)@example.org")],
        subject: content.subject,
        text: content.text,
        html: content.html
    ).composed()
}
