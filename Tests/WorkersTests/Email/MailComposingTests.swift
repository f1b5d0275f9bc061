import Curl
import Foundation
import Testing
import Workers

@Suite struct `Mail composing` {
    private static let texts = [
        "hello", "Sua avaliação em São Paulo", "🎉", "Parabéns, Conceição! 🎉🎊", "👩‍👩‍👧‍👦 família 👩🏽‍🚀", "今日のチェックイン", "مرحبا بكم",
        "=?UTF-8?Q?not=20encoded?=", "  two spaces  around  ", "\"quoted\", with; (specials) <and@more> \\",
        "a very long subject line that is plain and goes on and on, well past the seventy-six columns of a line",
        "ção🎉" + String(repeating: "ção🎉", count: 60), String(repeating: "x", count: 300),
        String(repeating: "e\u{301}", count: 100), "_underscore_ and = and ? and é", ".dot", "tab-free, 100 % é", "é",
    ]

    @Test func `subjects and names arrive as they were written, without defect`() async throws {
        let folder = try MailFolder()
        let transport = try CaptureTransport(folder: folder.path)
        for (number, text) in Self.texts.enumerated() {
            let name = String(text.prefix(60))
            let mail = try message(
                1000 + number,
                from: Mailbox(name: name, "no-reply@checkin.test"),
                to: [
                    Mailbox(name: name, "ana@example.org"), Mailbox("bia@example.org"), Mailbox(name: name, "c@d.test"),
                ],
                replyTo: Mailbox(name: name, "help@checkin.test"),
                subject: text
            )
            _ = try await transport.deliver(try mail.composed())
        }
        let read = try await ReadMail.all(in: folder.path)
        #expect(read.count == Self.texts.count)
        for (mail, text) in zip(read, Self.texts) {
            #expect(mail.defects.isEmpty, "\(text): \(mail.defects)")
            #expect(Array(mail.subject.unicodeScalars) == Array(text.unicodeScalars))
            let name = withoutSpaces(String(text.prefix(60)))
            #expect(mail.from.map { $0.map(withoutSpaces) } == [[name, "no-reply@checkin.test"]])
            #expect(
                mail.to.map { $0.map(withoutSpaces) }
                    == [[name, "ana@example.org"], ["", "bia@example.org"], [name, "c@d.test"]]
            )
            #expect(mail.replyTo.map { $0.map(withoutSpaces) } == [[name, "help@checkin.test"]])
            #expect(mail.longestLine <= 76, "\(text)")
            #expect(mail.timestamp == 1_795_354_562)
        }
    }

    @Test(arguments: [
        "Zé", "Ana Conceição de Albuquerque e Souza 🎈 Pereira da Silva", "O'Neil, Jr. (Bar)", "José \"Zé\" \\",
    ])
    func `a name arrives with its spaces`(name: String) async throws {
        let folder = try MailFolder()
        let mail = try message(from: Mailbox(name: name, "no-reply@checkin.test")).composed()
        _ = try await CaptureTransport(folder: folder.path).deliver(mail)
        #expect(try await ReadMail.all(in: folder.path).first?.from == [[name, "no-reply@checkin.test"]])
    }

    private static let bodies = [
        "plain\n", "", "no line end", "trailing space \nand tab\t\nend", ".\n..\n.dot first\n",
        "From here\nFrom there\n",
        String(repeating: "long ", count: 60) + "\n", String(repeating: "ç", count: 200), "a\rb\r\nc\nd\n\n\n",
        String(repeating: "今日", count: 200) + "\n", "= equals =3D\n", "😀 emoji\n" + String(repeating: "😀", count: 50),
        String(repeating: "x", count: 75) + "\n" + String(repeating: "y", count: 76) + "\n"
            + String(repeating: "z", count: 77),
        String(repeating: "w", count: 75) + ".\n" + String(repeating: "w", count: 75) + "From x\n",
        String(repeating: "v", count: 75) + " \n", "--=_boundary--\n",
    ]

    @Test func `bodies arrive as they were written, line ends apart`() async throws {
        let folder = try MailFolder()
        let transport = try CaptureTransport(folder: folder.path)
        for (number, body) in Self.bodies.enumerated() {
            let both = try message(1000 + number, text: body, html: body)
            _ = try await transport.deliver(try both.composed())
            let alone = try message(2000 + number, text: body, html: nil)
            _ = try await transport.deliver(try alone.composed())
        }
        let read = try await ReadMail.all(in: folder.path)
        #expect(read.count == Self.bodies.count * 2)
        for (mail, body) in zip(read, Self.bodies + Self.bodies) {
            #expect(mail.defects.isEmpty, "\(body): \(mail.defects)")
            #expect(normalised(mail.text) == normalised(body))
            #expect(mail.longestLine <= 76)
            if mail.file.contains("job-1") {
                #expect(normalised(mail.html) == normalised(body))
                #expect(mail.parts == ["multipart/alternative", "text/plain", "text/html"])
            } else {
                #expect(mail.html == nil)
                #expect(mail.parts == ["text/plain"])
            }
        }
    }

    @Test func `the same message gives the same bytes, fit for the wire`() throws {
        for body in Self.bodies {
            let first = try message(text: body, html: body).composed().bytes
            #expect(first == (try message(text: body, html: body).composed().bytes))
            let lines = String(decoding: first, as: UTF8.self).split(
                separator: "\r\n",
                omittingEmptySubsequences: false
            )
            #expect(lines.allSatisfy { !$0.contains("\r") && !$0.contains("\n") && !$0.hasPrefix(".") })
            #expect(first.allSatisfy { $0 < 0x80 })
            #expect(first.suffix(2) == [0x0D, 0x0A])
        }
    }

    @Test func `list headers stand on one line each`() async throws {
        let folder = try MailFolder()
        let transport = try CaptureTransport(folder: folder.path)
        let url = "https://checkin.test/u/" + String(repeating: "t0k3n", count: 40)
        var mail = try message()
        mail.listUnsubscribe = url
        mail.listID = "news.checkin.test"
        mail.envelopeFrom = try MailAddress("bounces@checkin.test")
        let composed = try mail.composed()
        _ = try await transport.deliver(composed)
        let read = try #require(try await ReadMail.all(in: folder.path).first)
        #expect(read.defects.isEmpty)
        #expect(read.headers.contains(["List-Unsubscribe", "<\(url)>"]))
        #expect(read.headers.contains(["List-Unsubscribe-Post", "List-Unsubscribe=One-Click"]))
        #expect(read.headers.contains(["List-ID", "<news.checkin.test>"]))
        #expect(read.headers.contains(["Auto-Submitted", "auto-generated"]))
        #expect(String(decoding: composed.bytes, as: UTF8.self).contains("\r\nList-Unsubscribe: <\(url)>\r\n"))
        #expect(composed.envelope.from.text == "bounces@checkin.test")
    }

    @Test(arguments: [Int64.min, -1, 0, 951_782_400_000, 1_709_164_799_999, 4_102_444_800_000, .max])
    func `dates agree with Python's`(milliseconds: Int64) async throws {
        let folder = try MailFolder()
        let transport = try CaptureTransport(folder: folder.path)
        var mail = try message()
        mail.dateMilliseconds = milliseconds
        _ = try await transport.deliver(try mail.composed())
        let read = try #require(try await ReadMail.all(in: folder.path).first)
        #expect(read.timestamp == min(max(milliseconds / 1000, 0), 253_402_300_799))
        #expect(read.defects.isEmpty)
    }

    /// Python 3.11 puts a space between the encoded words of a long name that has none of its own.
    private func withoutSpaces(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != " " }))
    }

    private func normalised(_ text: String?) -> String? {
        guard var text = text?.replacing("\r\n", with: "\n").replacing("\r", with: "\n") else { return nil }
        if !text.hasSuffix("\n") { text += "\n" }
        return text
    }
}
