import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// `jobctl alert test` against peers that write down what they get.
    @Suite(.serialized, .timeLimit(.minutes(15))) struct `Receivers` {
        @Test func `each gets the alert in its own form, and its end`() async throws {
            let (web, mail) = (try FreePort.take(), try FreePort.take())
            let ground = try await Ground.prepare(
                .embedded,
                "receivers",
                adding: [
                    "JOBS_ALERT_WEBHOOK_URL": "http://127.0.0.1:\(web)/webhook",
                    "JOBS_SLACK_WEBHOOK_URL": "http://127.0.0.1:\(web)/slack", "JOBS_PAGERDUTY_KEY": "r0ut1ng",
                    "JOBS_PAGERDUTY_URL": "http://127.0.0.1:\(web)", "JOBS_SMTP_URL": "smtp://127.0.0.1:\(mail)",
                    "JOBS_SMTP_TLS": "none",
                ],
                mailing: "oncall@checkin.example"
            )
            let log = ground.folder + "/receivers.log"
            let peer = try ChildProcess(
                "\(Ground.checkout)/.run/venv/bin/python",
                ["\(Ground.checkout)/Tests/ChaosTests/Alert/receivers.py", "\(web)", "\(mail)"],
                environment: ["PATH": "/usr/bin:/bin"],
                output: log
            )
            try await until("the peers listen") { FreePort.isOpen(web) && FreePort.isOpen(mail) }
            let test = try ground.start(["alert", "test"], log: "alert")
            #expect(await test.ended() == .status(0))
            peer.signal(SIGKILL)
            await peer.ended()
            let said = try String(contentsOfFile: ground.folder + "/alert.log", encoding: .utf8)
            #expect(!said.contains("r0ut1ng"))

            let told = try Self.told(log)
            let events = try #require(told["/v2/enqueue"])
            #expect(events.map { $0["event_action"] as? String } == ["trigger", "resolve"])
            #expect(Set(events.compactMap { $0["dedup_key"] as? String }).count == 1)
            #expect(events[0]["routing_key"] as? String == "r0ut1ng")
            let payload = try #require(events[0]["payload"] as? [String: Any])
            #expect(payload["severity"] as? String == "warning")
            #expect((payload["summary"] as? String)?.contains("nothing is wrong") == true)
            #expect(payload["source"] is String)
            let details = payload["custom_details"] as? [String: String]
            #expect(details?["runbook"] == "docs/runbooks/watchdog.md")

            let slack = try #require(told["/slack"]?.first?["text"] as? String)
            #expect(slack.contains("do: nothing") && slack.contains("cause: "))
            let webhook = try #require(told["/webhook"]?.first?["alerts"] as? [[String: Any]])
            #expect(webhook.first?["state"] as? String == "firing")
            #expect(webhook.first?["name"] as? String == "watchdog")
            let letter = try #require(told["mail"]?.first)
            #expect(letter["to"] as? [String] == ["oncall@checkin.example"])
            #expect((letter["subject"] as? String)?.hasPrefix("[warning] watchdog:") == true)
            #expect((letter["text"] as? String)?.contains("runbook: docs/runbooks/watchdog.md") == true)
            #expect(told["mail"]?.count == 2)
            await ground.platform.close()
        }

        private static func told(_ path: String) throws -> [String: [[String: Any]]] {
            var told: [String: [[String: Any]]] = [:]
            for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                guard let kind = object?["kind"] as? String, let content = object?["content"] as? [String: Any] else {
                    throw StageError("the peer says: \(line)")
                }
                told[kind, default: []].append(content)
            }
            return told
        }
    }
}
