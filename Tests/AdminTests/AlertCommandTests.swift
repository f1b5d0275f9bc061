import Foundation
import Testing

@testable import Admin
@testable import JobCore

@Suite struct AlertCommandTests {
    @Test func `an alert is listed, taken once, and silenced`() async throws {
        let bench = try CommandBench()
        let none = try await bench.run("topology", "apply")
        #expect(none.status == .ok)
        let key = try await bench.fireAlert()
        let listed = try await bench.run("alert")
        for word in ["CRITICAL", key, "do: jobctl work", "docs/runbooks/no_workers.md"] {
            #expect(listed.out.contains(word), "\(listed.out)")
        }
        #expect(try await bench.run("alert", "ack", key, "--reason", "on it").status == .ok)
        let again = try await bench.run("alert", "ack", key)
        #expect(again.status == .failed)
        #expect(again.err.contains("alert list --firing"))
        let taken = try #require(try await bench.run("alert", "list", "--json").list().first)
        #expect(taken["acked_by"] as? String == "ana")
        #expect(taken["silenced"] as? Bool == false)
        #expect(try await bench.run("alert", "silence", "no_workers|queue=mail", "--for", "1h").status == .ok)
        let quiet = try #require(try await bench.run("alert", "list", "--json").list().first)
        #expect(quiet["silenced"] as? Bool == true)
    }

    @Test(
        arguments: [
            (["alert", "silence", "lag_hihg", "--for", "1h"], "lag_high"),
            (["alert", "silence", "*", "--for", "soon"], "--for"),
            (["alert", "silence", "*", "--for", "90d"], "30 days"), (["alert", "test", "nobody"], "one of manager"),
            (["lag", "--max", "five"], "--max"), (["lag", "--queue", "mial"], "one of mail, system"),
            (["work", "--http", "9464"], "--http"),
        ]
    )
    func `a mistake says what is meant`(arguments: [String], word: String) async throws {
        let bench = try CommandBench()
        _ = try await bench.run("topology", "apply")
        let answer = try await bench.run(list: arguments)
        #expect(answer.status == .usage)
        #expect(answer.err.contains(word), "\(answer.err)")
    }

    @Test func `receivers that are off are told, and none on is no success`() async throws {
        let answer = try await CommandBench().run("alert", "test")
        #expect(answer.status == .checkFailed)
        #expect(answer.out.contains("JOBS_ALERTMANAGER_URL is not set"))
    }

    @Test func `lag exits by the limit, and tells nothing for unknown`() async throws {
        let bench = try CommandBench()
        _ = try await bench.run("topology", "apply")
        #expect(try await bench.run("lag").status == .ok)
        _ = try await bench.run("enqueue", "mail.send", "--payload", #"{"to":"a@example.com"}"#)
        #expect(try await bench.run("lag", "--max", "1h").status == .ok)
        #expect(try await bench.run("lag", "--max", "0s", "--queue", "mail").status == .checkFailed)
        #expect(try await bench.run("lag", "--max", "0s", "--queue", "system").status == .ok)
    }

    @Test func `a manifest's mistakes about alerts are told with their place`() async throws {
        let bad = CommandBench.jobs.replacing(
            "alerts: { receivers: { manager: { kind: alertmanager, url_from: JOBS_ALERTMANAGER_URL } } }",
            with: """
                alerts:
                  receivers: { a: { kind: pager, url_from: X }, b: { kind: slack, url_from: "https://hooks.example/secret" } }
                  escalation: [ { after: 5m, receivers: [c] }, { after: 1m, receivers: [b] } ]
                """
        )
        let answer = try await CommandBench(declarations: bad).run("alert", "test")
        #expect(answer.status == .failed)
        for word in ["pager", "an environment variable", "\"c\"", "later than the level before"] {
            #expect(answer.err.contains(word), "\(answer.err)")
        }
    }
}
