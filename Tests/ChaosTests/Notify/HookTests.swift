import Admin
import Foundation
import JobCore
import Testing
import Workers

extension Chaos {
    /// What providers and readers call back, over HTTP.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct `Hooks` {
        @Test(arguments: Ground.profiles)
        func `take what is signed, refuse what is not, and change nothing for a mere look`(
            _ profile: Profile
        ) async throws {
            let key = Data((0..<32).map { UInt8($0) }).base64EncodedString()
            let folder = Undertaker.shared.folder
            try key.write(toFile: "\(folder)/unsubscribe-\(profile.rawValue).key", atomically: true, encoding: .utf8)
            let statusURL = "https://jobs.checkin.example/hooks/twilio/status"
            let ground = try await Ground.prepare(
                profile,
                "hooks",
                adding: [
                    "TWILIO_AUTH_TOKEN": "test-token", "TWILIO_STATUS_URL": statusURL,
                    "TWILIO_INBOUND_URL": "https://jobs.checkin.example/hooks/twilio/inbound",
                    "JOBS_UNSUBSCRIBE_KEY_FILE": "\(folder)/unsubscribe-\(profile.rawValue).key",
                    "JOBS_UNSUBSCRIBE_URL": "https://jobs.checkin.example/hooks/unsubscribe",
                    "JOBS_SES_HOOK_SECRET": "a-secret-of-the-tests",
                ]
            )
            let served = try await Served(ground, allowing: ["system.*"])
            let base = served.variables["JOBS_API"] ?? ""
            let token = try #require(UnsubscribeToken(key: key)?.text(address: "Ana@example.com", list: "social"))
            func call(_ method: String, _ path: String, _ body: String = "", header: String = "X: x") async throws
                -> Int
            {
                let script = """
                    import sys, urllib.request, urllib.error
                    name, value = sys.argv[4].split(': ', 1)
                    data = sys.argv[3].encode() if sys.argv[1] == 'POST' else None
                    request = urllib.request.Request(sys.argv[2], data, {name: value}, method=sys.argv[1])
                    try:
                        print(urllib.request.urlopen(request).status)
                    except urllib.error.HTTPError as error:
                        print(error.code)
                    """
                let said = try await served.run(
                    "/usr/bin/python3",
                    ["-c", script, method, "\(base)/hooks/\(path)", body, header],
                    log: "call-\(UUID().uuidString)"
                )
                return Int(said.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
            }
            func suppressions() async throws -> [String] {
                try await ground.platform.store.driver.read { session throws(StoreError) in
                    var found: [String] = []
                    for row in try session.query(
                        "select channel, address, list, reason from notification_suppressions order by address"
                    ) {
                        found.append(
                            "\(try row.text("channel")) \(try row.text("address")) \(try row.text("list")) \(try row.text("reason"))"
                        )
                    }
                    return found
                }
            }

            #expect(try await call("GET", "unsubscribe/\(token)") == 200)
            #expect(try await suppressions() == [], "a look changes nothing")
            #expect(try await call("POST", "unsubscribe/\(token)", "List-Unsubscribe=One-Click") == 200)
            #expect(try await call("POST", "unsubscribe/\(token)", "List-Unsubscribe=One-Click") == 200)
            #expect(try await call("POST", "unsubscribe/\(token.dropLast(3))AAA") == 404)
            #expect(try await suppressions() == ["email ana@example.com social unsubscribe"])

            let form = "MessageSid=SM1&MessageStatus=delivered&To=%2B5531999990000&ErrorCode="
            let fields = [
                ("MessageSid", "SM1"), ("MessageStatus", "delivered"), ("To", "+5531999990000"), ("ErrorCode", ""),
            ]
            let signature = TwilioSignature.text(url: statusURL, fields: fields, token: "test-token")
            #expect(try await call("POST", "twilio/status", form, header: "X-Twilio-Signature: \(signature)") == 204)
            #expect(try await call("POST", "twilio/status", form) == 403)
            let other = form.replacing("delivered", with: "failed")
            #expect(try await call("POST", "twilio/status", other, header: "X-Twilio-Signature: \(signature)") == 403)

            let notice = """
                {"Type":"Notification","Message":"{\\"notificationType\\":\\"Bounce\\",\\"bounce\\":{\\"bounceType\\":\\"Permanent\\",\\"bouncedRecipients\\":[{\\"emailAddress\\":\\"gone@example.com\\"}]}}"}
                """
            #expect(try await call("POST", "ses/another-secret-of-tests", notice) == 404)
            #expect(try await call("POST", "ses/a-secret-of-the-tests", notice) == 204)
            #expect(try await call("POST", "ses/a-secret-of-the-tests", String(repeating: "x", count: 70_000)) == 413)
            #expect(
                try await suppressions() == [
                    "email ana@example.com social unsubscribe", "email gone@example.com  bounce",
                ]
            )
            #expect(await served.stop() == .status(0))
            await ground.platform.close()
        }
    }
}
