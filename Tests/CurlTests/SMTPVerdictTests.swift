import Curl
import Testing

@Suite struct `SMTP dialogue and verdict` {
    /// `>` a command, `<` a reply, `=` bytes of the message.
    private func follow(_ script: [String]) -> SMTPDialogue {
        var dialogue = SMTPDialogue(bodyBytes: 100)
        for step in script {
            let text = Array((step.dropFirst() + "\r\n").utf8)
            switch step.first {
            case ">": text.withUnsafeBytes { dialogue.sent($0) }
            case "<": text.withUnsafeBytes { dialogue.received($0) }
            default: dialogue.sentBody(Int(step.dropFirst()) ?? 0)
            }
        }
        return dialogue
    }

    private static let opening = ["<220 hi", ">EHLO x", "<250-peer", "<250 SIZE"]
    private static let envelope = opening + [">MAIL FROM:<a@b>", "<250 ok", ">RCPT TO:<c@d>", "<250 ok", ">DATA"]
    private static let handedOver = envelope + ["<354 go", "=60", "=40"]

    @Test(arguments: [
        ([], SMTPDialogue.Stage.opening), (opening, .opening),
        (opening + [">AUTH PLAIN", "<334 ", ">c2VjcmV0"], .authenticating),
        (opening + [">MAIL FROM:<a@b>"], .sender), (envelope, .data), (envelope + ["<354 go"], .body),
        (envelope + ["<354 go", "=99"], .body), (handedOver, .handedOver),
        (handedOver + ["<250 ok", ">QUIT"], .handedOver),
        (opening + ["=500"], .opening),
    ])
    func `the stage follows the lines`(script: [String], stage: SMTPDialogue.Stage) {
        #expect(follow(script).stage == stage)
    }

    @Test(arguments: [
        (handedOver, TransferFailure.lost, SMTPError.unknownOutcome(.connectionLost)),
        (handedOver, .timeout, .unknownOutcome(.timeout)),
        (handedOver, .cancelled, .unknownOutcome(.cancelled)),
        (
            handedOver + ["<451 4.7.1 later"], .protocolViolation,
            .temporary(.init(code: 451, enhanced: "4.7.1", text: "later"))
        ),
        (
            handedOver + ["<554 5.6.0 no"], .protocolViolation,
            .permanent(.init(code: 554, enhanced: "5.6.0", text: "no"))
        ),
        (handedOver + ["<554 no", ">QUIT", "<221 bye"], .protocolViolation, .permanent(.init(code: 554, text: "no"))),
        (handedOver + ["<250-half an answer"], .lost, .unknownOutcome(.connectionLost)),
        (envelope + ["<354 go", "=99"], .lost, .connect("detail")),
        (envelope + ["<354 go", "=99"], .timeout, .timeout),
        (envelope, .cancelled, .cancelled),
        (
            opening + [">MAIL FROM:<a@b>", "<421 4.4.2 bye"], .lost,
            .temporary(.init(code: 421, enhanced: "4.4.2", text: "bye"))
        ),
        (
            ["<554 5.7.1 you again"], .protocolViolation,
            .temporary(.init(code: 554, enhanced: "5.7.1", text: "you again"))
        ),
        (
            opening + [">AUTH PLAIN", "<535 5.7.8 no"], .login,
            .authentication(.init(code: 535, enhanced: "5.7.8", text: "no"))
        ),
        (
            opening + [">AUTH PLAIN", "<454 4.7.0 db"], .login,
            .temporary(.init(code: 454, enhanced: "4.7.0", text: "db"))
        ),
        (opening, .login, .authentication(nil)),
        (opening + [">STARTTLS", "<454 not now"], .tls, .tls("454")),
        (
            opening + [">MAIL FROM:<a@b>", "<530 5.7.0 login"], .lost,
            .authentication(.init(code: 530, enhanced: "5.7.0", text: "login"))
        ),
        ([], .resolve, .connect("detail")),
        ([], .fault(code: 27), .fault(code: 27)),
    ])
    func `the verdict depends on how far the mail got`(script: [String], failure: TransferFailure, expected: SMTPError)
        throws
    {
        let verdict = SMTPVerdict.judge(
            failure: failure,
            detail: "detail",
            dialogue: follow(script),
            recipients: [try MailAddress("c@d")]
        )
        #expect(verdict == .failure(expected))
    }

    @Test(arguments: [
        ([], TransferFailure.lost, true), ([">MAIL FROM:<a@b>"], .lost, true),
        ([">MAIL FROM:<a@b>", "<421 idle"], .lost, true),
        ([">MAIL FROM:<a@b>", "<451 later"], .lost, false), ([">MAIL FROM:<a@b>"], .timeout, false),
        ([">MAIL FROM:<a@b>", "<250 ok", ">RCPT TO:<c@d>"], .lost, false), (handedOver, .lost, false),
    ])
    func `only an idle connection that was gone is replaced`(script: [String], failure: TransferFailure, isStale: Bool)
    {
        let dialogue = follow(script)
        #expect(
            SMTPVerdict.isStaleConnection(failure: failure, dialogue: dialogue, openedConnection: false) == isStale
        )
        #expect(!SMTPVerdict.isStaleConnection(failure: failure, dialogue: dialogue, openedConnection: true))
    }

    @Test func `a reply is bounded and names nobody`() throws {
        let long = String(repeating: "x", count: 4000)
        let script = Self.opening + [">MAIL FROM:<a@b>"] + Array(repeating: "<550-\(long)", count: 1000)
        let reply = try #require(follow(script + ["<550 5.1.1 <ana@example.org>: \u{1B}[31mgone"]).lastReply)
        #expect(reply.code == 550)
        #expect(reply.text.count <= 512)
        let short = follow(Self.opening + [">RCPT TO:<c@d>", "<550 5.1.1 <ana@example.org>: \u{1B}[31mgone"]).lastReply
        #expect(short?.text == "<address> [31mgone")
        #expect(short.map { "\($0)" } == "550 5.1.1")
    }

    @Test(arguments: ["", "abc", "99", "25", "250", "250-", "999 x", "-1 x", "٢٥٠ x", "\u{0}\u{0}\u{0}"])
    func `strange lines do no harm`(line: String) {
        let dialogue = follow(Self.handedOver + ["<" + line])
        #expect(dialogue.stage == .handedOver)
    }
}
