import Curl
import Testing

@Suite struct `Mail addresses` {
    private static let local64 = String(repeating: "l", count: 64)
    private static let domain189 = Array(repeating: String(repeating: "d", count: 62), count: 3).joined(separator: ".")

    @Test(arguments: [
        "a@b", "ana.maria+tag@mail.example.org", "o'neil@example.com", "x_y-z@xn--bcher-kva.example", "1@2.3",
        "\(local64)@\(domain189)",
    ])
    func `plain addresses pass`(text: String) throws {
        #expect(try MailAddress(text).text == text)
        #expect("\(try MailAddress(text))" == "<address>")
    }

    @Test(arguments: [
        ("", MailAddress.Defect.empty), ("a", .notOneAtSign), ("a@b@c", .notOneAtSign), ("@b", .localPart),
        ("a@", .domain),
        ("a b@c", .localPart), ("<a@b>", .localPart), ("a@b>", .domain), ("a@b c", .domain), ("a..b@c", .localPart),
        (".a@b", .localPart), ("a.@b", .localPart), ("\"a\"@b", .localPart), ("a,b@c", .localPart), ("a@-b", .domain),
        ("a@b-", .domain), ("a@b..c", .domain), ("a@[127.0.0.1]", .domain), ("a@b\r\nRCPT", .controlCharacter),
        ("a\u{7F}@b", .controlCharacter), ("josé@b", .nonASCII), ("a@bücher.example", .nonASCII),
        ("\(local64)l@b", .localTooLong), ("\(local64)@\(domain189)dd", .tooLong),
        ("a@\(String(repeating: "d", count: 64)).org", .domain),
    ])
    func `others are refused with the reason`(text: String, defect: MailAddress.Defect) {
        #expect(throws: defect) { try MailAddress(text) }
    }
}

@Suite struct `SMTP configuration` {
    @Test(arguments: [
        ("smtp://mail.example.org", "smtp://mail.example.org:587 (starttls)"),
        ("smtps://mail.example.org/", "smtps://mail.example.org:465 (implicit)"),
        ("smtp://[::1]:2525", "smtp://[::1]:2525 (starttls)"),
        ("SMTP://127.0.0.1:25", "smtp://127.0.0.1:25 (starttls)"),
    ])
    func `the scheme says how`(url: String, description: String) throws {
        #expect(try SMTPConfiguration(url: url, username: "u", password: "p").description == description)
    }

    @Test(arguments: [
        ("http://mail", SMTPConfiguration.Defect.url), ("smtp://", .url), ("smtp://mail:0", .url),
        ("smtp://mail:65536", .url),
        ("smtp://mail:x", .url), ("smtp://mail/path", .url), ("smtp://mail?x", .url), ("smtp://[::1", .url),
        ("smtp://[::g]", .url), ("smtp://u:p@mail", .loginInURL), ("smtp://ma il", .url),
    ])
    func `a URL with anything else in it is refused`(url: String, defect: SMTPConfiguration.Defect) {
        #expect(throws: defect) { try SMTPConfiguration(url: url) }
    }

    @Test func `contradictions are refused`() {
        typealias Defect = SMTPConfiguration.Defect
        let none = SMTPConfiguration.Security.none
        #expect(throws: Defect.securityContradictsScheme) {
            try SMTPConfiguration(url: "smtp://mail", security: .implicit)
        }
        #expect(throws: Defect.securityContradictsScheme) { try SMTPConfiguration(url: "smtps://mail", security: none) }
        #expect(throws: Defect.loginWithoutTLS) {
            try SMTPConfiguration(url: "smtp://mail", username: "u", password: "p", security: none)
        }
        #expect(throws: Defect.password) { try SMTPConfiguration(url: "smtp://mail", username: "u") }
        #expect(throws: Defect.username) { try SMTPConfiguration(url: "smtp://mail", password: "p") }
        #expect(throws: Defect.timeout) { try SMTPConfiguration(url: "smtp://mail", timeout: .zero) }
    }

    @Test func `a password is never printed`() throws {
        let configuration = try SMTPConfiguration(url: "smtp://mail", username: "user", password: "sesame")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("sesame"))
        }
    }
}

@Suite struct `HTTP request checks` {
    private static let attacks = ["\r\nX: y", "\n", "\r", "\0", "ç", "\u{7F}"]

    @Test(arguments: attacks)
    func `no part of a request can break its line`(attack: String) async {
        let client = HTTPClient(.init(addresses: .any))
        let requests: [(HTTPRequest, HTTPError.Part)] = [
            (HTTPRequest("GET\(attack)", "http://127.0.0.1:1/"), .method),
            (HTTPRequest("GET", "http://127.0.0.1:1/\(attack)"), .url),
            (HTTPRequest("GET", "http://127.0.0.1:1/", headers: ["X\(attack)": "y"]), .headerName),
            (HTTPRequest("GET", "http://127.0.0.1:1/", headers: ["X": "y\(attack)"]), .headerValue),
        ]
        for (request, part) in requests {
            await #expect(throws: HTTPError.invalidRequest(part)) { try await client.send(request) }
        }
    }

    @Test(arguments: [
        "", "example.org", "ftp://example.org", "file:///etc/passwd", "http://", "https:///x",
        "http://user:pw@example.org/",
        "http://a b/", "http://example.org\\@127.0.0.1/", "gopher://127.0.0.1:25/_MAIL",
    ])
    func `other schemes, logins and blanks are refused`(url: String) async {
        await #expect(throws: HTTPError.invalidRequest(.url)) { try await HTTPClient().send(HTTPRequest("GET", url)) }
    }

    @Test(arguments: ["Host", "content-length", "Transfer-Encoding", "CONNECTION", "Expect", ""])
    func `headers that frame the message are not the caller's`(name: String) async {
        let request = HTTPRequest("GET", "http://127.0.0.1:1/", headers: [name: "x"])
        await #expect(throws: HTTPError.invalidRequest(.headerName)) { try await HTTPClient().send(request) }
    }
}
