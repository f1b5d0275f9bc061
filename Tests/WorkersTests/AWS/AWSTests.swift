import Curl
import Foundation
import JobCore
import Testing

@testable import Workers

@Suite("AWS: signatures, SES and SNS")
struct AWSTests {
    private let snakes = {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }()

    private struct Vector: Decodable {
        struct Context: Decodable {
            struct Keys: Decodable {
                let accessKeyId: String
                let secretAccessKey: String
                let token: String?
            }
            let credentials: Keys
            let normalize: Bool
            let omitSessionToken: Bool?
            let region: String
            let service: String
            let signBody: Bool
            let timestamp: String
        }
        let name: String
        let context: Context
        let headerSignature: String
        let request: String
    }

    @Test("the official suite of signatures", .enabled(if: SharedData.isThere("vectors/aws_sigv4.jsonl")))
    func vectors() throws {
        let text = try String(contentsOfFile: SharedData.folder + "/vectors/aws_sigv4.jsonl", encoding: .utf8)
        var count = 0
        for line in text.split(separator: "\n") {
            let vector = try snakes.decode(Vector.self, from: Data(line.utf8))
            let keys = vector.context.credentials
            let signature = AWSSignature(
                .init(accessKeyID: keys.accessKeyId, secret: keys.secretAccessKey, sessionToken: keys.token),
                region: vector.context.region,
                service: vector.context.service,
                signsBody: vector.context.signBody,
                signsToken: vector.context.omitSessionToken != true,
                normalizesPath: vector.context.normalize
            )
            let instant = try #require(Timestamp(rfc3339: vector.context.timestamp))
            let headers = signature.headers(of: Self.request(vector.request), at: instant)
            let authorization = headers.first { $0.name == "authorization" }?.value ?? ""
            #expect(authorization.hasSuffix("Signature=\(vector.headerSignature)"), "\(vector.name)")
            count += 1
        }
        #expect(count == 38)
    }

    /// The raw text of an HTTP request.
    private static func request(_ text: String) -> AWSSignature.Request {
        let parts = text.replacing("\r\n", with: "\n").split(
            separator: "\n\n",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        var lines = parts[0].split(separator: "\n").map(String.init)
        let first = lines.removeFirst()
        let method = String(first.prefix { $0 != " " })
        let target = first.dropFirst(method.count + 1).replacing(" HTTP/1.1", with: "")
        let path = target.prefix { $0 != "?" }
        let query = target.dropFirst(path.count + 1).split(separator: "&").map { part in
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                name: sides[0].removingPercentEncoding ?? "",
                value: sides.count > 1 ? sides[1].removingPercentEncoding ?? "" : ""
            )
        }
        var headers: [(name: String, value: String)] = []
        for line in lines {
            if line.first == " " || line.first == "\t", let last = headers.popLast() {
                headers.append((last.name, last.value + "\n" + line))
            } else {
                let sides = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                headers.append((String(sides[0]), sides.count > 1 ? String(sides[1]) : ""))
            }
        }
        headers.removeAll {
            ["x-amz-date", "x-amz-security-token", "x-amz-content-sha256"].contains($0.name.lowercased())
        }
        return AWSSignature.Request(
            method,
            path: path.removingPercentEncoding ?? String(path),
            query: query,
            headers: headers,
            body: Array((parts.count > 1 ? parts[1] : "").utf8)
        )
    }

    private struct Keys: Decodable {
        let accessKeyId: String
        let secret: String

        func environment(_ port: Int, secret other: String? = nil) -> [String: String] {
            [
                "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": accessKeyId,
                "AWS_SECRET_ACCESS_KEY": other ?? secret, "SNS_URL": "http://127.0.0.1:\(port)",
                "SES_URL": "http://127.0.0.1:\(port)",
            ]
        }
    }

    private struct Sent: Decodable {
        let mails: Int
        let kinds: [String]
    }

    @Test("moto in its verifying mode takes what the right key signs, and nothing else")
    func moto() async throws {
        let peer = try await PeerProcess(Desk.repository + "/Tests/WorkersTests/Peers/moto_peer.py")
        func keys(_ word: String) async throws -> Keys {
            try snakes.decode(Keys.self, from: Data(try #require(await peer.next(word)).utf8))
        }
        let (user, stranger) = (try await keys("USER "), try await keys("STRANGER "))
        _ = try #require(await peer.next("READY "))

        let order = SMSOrder(to: try #require(PhoneNumber("+5531999990000")), text: SMSText("Olá, João! 50 % & mais ☕️"))
        let sns = try SNSProvider(SettingsReader(user.environment(peer.port)))
        let taken = await sns.send(order)
        guard case .queued = taken else {
            Issue.record("SNS refused: \(taken)")
            return
        }
        let long = SMSOrder(to: order.to, text: SMSText(String(repeating: "é", count: 801)))
        #expect(await sns.send(long) == .refused(label: "sms_too_long", "SNS takes 1600 bytes"))
        for environment in [user.environment(peer.port, secret: "wrong"), stranger.environment(peer.port)] {
            guard case .down("sns_auth", _) = await (try SNSProvider(SettingsReader(environment))).send(order) else {
                Issue.record("a wrong key was taken")
                return
            }
        }

        let mail = try MailMessage(
            from: Mailbox(name: "CheckIn", "no-reply@checkin.example", field: .from),
            to: [Mailbox("ana@example.com")],
            subject: "Olá, João ☕️",
            text: "Seu check-in está registrado.",
            messageID: MessageID("1@checkin.example"),
            dateMilliseconds: 1_795_300_000_000
        ).composed()
        let ses = try SESTransport(SettingsReader(user.environment(peer.port)))
        let receipt = try await ses.deliver(mail)
        #expect(!receipt.reference.isEmpty)
        try peer.tell("sent")
        let sent = try snakes.decode(Sent.self, from: Data(try #require(await peer.next("SENT ")).utf8))
        #expect(sent.mails == 1, "\(sent.kinds)")
        let wrong = try SESTransport(SettingsReader(user.environment(peer.port, secret: "wrong")))
        do throws(EmailTransportError) {
            _ = try await wrong.deliver(mail)
            Issue.record("a wrong key was taken")
        } catch {
            guard case .ses(let refusal) = error else { throw error }
            #expect(refusal.meaning == .server && refusal.label == "ses_auth")
        }
        let unverified = try MailMessage(
            from: Mailbox(name: nil, "nobody@elsewhere.example", field: .from),
            to: [Mailbox("ana@example.com")],
            subject: "s",
            text: "t",
            messageID: MessageID("2@checkin.example"),
            dateMilliseconds: 1_795_300_000_000
        ).composed()
        await #expect(throws: EmailTransportError.ses(SESRefusal(status: 400, type: "MessageRejected"))) {
            try await ses.deliver(unverified)
        }
    }

    @Test(
        "every answer of SES has its meaning and the job's fate, and suppresses nobody",
        arguments: [
            (429, "TooManyRequestsException", SESRefusal.Meaning.later, "ses_throttled"),
            (400, "LimitExceededException", .later, "ses_throttled"),
            (400, "AccountSuspendedException", .server, "ses_suspended"),
            (400, "SendingPausedException", .server, "ses_suspended"),
            (400, "MessageRejected", .message, "ses_rejected"),
            (400, "MailFromDomainNotVerifiedException", .server, "ses_sender"),
            (404, "NotFoundException", .server, "ses_auth"), (400, "BadRequestException", .message, "ses_rejected"),
            (403, "SignatureDoesNotMatch", .server, "ses_auth"), (500, "", .later, "ses_unavailable"),
            (503, "ServiceUnavailable", .later, "ses_unavailable"),
            (400, "com.amazonaws.ses#MessageRejected:http://x/", .message, "ses_rejected"),
        ]
    )
    func answers(status: Int, type: String, meaning: SESRefusal.Meaning, label: String) async throws {
        let refusal = SESRefusal(status: status, type: type)
        #expect(refusal.meaning == meaning && refusal.label == label)
        try await Desk.with(.embedded) { desk in
            let worker = EmailNotificationWorker(
                settings: try EmailSettings([:]),
                templates: try EmailTemplates(folder: Desk.repository + "/jobs/templates/email"),
                transport: RefusingTransport(error: .ses(refusal))
            )
            // A mail of a list: its claim goes back, so that a later attempt may send it.
            let job = EmailNotification(
                to: "ana@example.com",
                template: "welcome",
                variables: ["name": "Ana"],
                list: "news"
            )
            let context = desk.context(EmailNotification.self)
            let error = await #expect(throws: JobError.self) { try await worker.perform(job, context) }
            let fate: JobError.Disposition =
                switch meaning {
                case .message: .dead
                case .later, .unknown: .retry(after: nil)
                case .server: .park("ses")
                }
            #expect(error?.disposition == fate && error?.label == label)
            #expect(try await desk.messages(of: context.id).isEmpty)
            let reason = try await desk.write { session throws(StoreError) in
                try session.suppression(.email, "ana@example.com", list: "news")
            }
            #expect(reason == nil)
        }
    }

    private struct RefusingTransport: EmailTransport {
        let error: EmailTransportError

        func deliver(_ mail: ComposedMail) async throws(EmailTransportError) -> EmailReceipt { throw error }
    }
}
