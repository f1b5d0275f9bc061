import Foundation
import Testing

@testable import Admin
@testable import JobCore

@Suite struct ScheduleTests {
    @Test func `next needs no platform and answers with instants`() async throws {
        let bench = try CommandBench(declarations: nil)
        let answer = try await bench.run(
            list: ["schedule", "next", "0 2 * * *", "--from", "2026-11-26T12:00:00Z", "-n", "2", "--json"]
        )
        #expect(answer.status == .ok)
        #expect(try answer.json() as? [String] == ["2026-11-27T05:00:00.000Z", "2026-11-28T05:00:00.000Z"])
        let zoned = try await bench.run(
            list: [
                "schedule", "next", "30 2 * * *", "--zone", "America/New_York", "--from", "2026-03-08T00:00:00Z", "-n",
                "1",
            ]
        )
        #expect(zoned.lines == ["2026-03-08T07:00:00.000Z"])
        #expect(!FileManager.default.fileExists(atPath: bench.file))
    }

    @Test(
        arguments: [
            (["schedule", "next", "61 * * * *"], "minute"),
            (["schedule", "next", "0 2 * * *", "--zone", "Mars/Base"], "Mars"),
            (["schedule", "next", "nope"], "no schedule is called"), (["schedule", "run", "nope"], "one of nightly"),
            (["schedule", "next", "0 2 * * *", "--from", "yesterday"], "--from"),
            (["schedule", "backfill", "nightly", "--from", "2026-11-03", "--to", "2026-11-02"], "--to"),
        ]
    )
    func `what cannot be meant is a usage error that says what is`(arguments: [String], word: String) async throws {
        let answer = try await CommandBench().run(list: arguments)
        #expect(answer.status == .usage)
        #expect(answer.err.contains(word), "\(answer.err)")
    }

    @Test func `a backfill of many wants consent, and fires what has no fire yet`() async throws {
        let bench = try CommandBench(
            declarations: CommandBench.jobs.replacing("0 2 * * *\", job", with: "0 * * * *\", overlap: allow, job")
        )
        _ = try await bench.run("topology", "apply")
        let span = ["schedule", "backfill", "nightly", "--from", "2026-11-01", "--to", "2026-11-07"]
        let dry = try await bench.run(list: span + ["--dry-run", "--json"]).object()
        #expect((dry["instants"] as? [String])?.count == 168)
        let refused = try await bench.run(list: span)
        #expect(refused.status == .usage)
        #expect(refused.err.contains("--yes"))
        let done = try await bench.run(list: span + ["--yes", "--json", "--reason", "the outage"]).object()
        #expect(done["fired"] as? Int == 168)
        let again = try await bench.run(list: span + ["--yes", "--json"]).object()
        #expect(again["fired"] as? Int == 0)
        #expect(again["had_fire"] as? Int == 168)
        let waiting = try await bench.run("waiting", "list", "--all", "--limit", "0", "--json").list()
        #expect(waiting.count == 168)
        #expect(waiting.allSatisfy { $0["reason"] as? String == "fire" })
    }

    @Test func `a schedule's mistakes are told with their place`() async throws {
        let bad = CommandBench.jobs.replacing(
            "nightly: { cron: \"0 2 * * *\", job: system.probe }",
            with: "nightly: { cron: \"0 25 * * *\", zone: Brazil/Moon, job: system.prob, overlap: maybe }"
        )
        let answer = try await CommandBench(declarations: bad).run("schedule", "list")
        #expect(answer.status == .failed)
        for word in ["hour", "Brazil/Moon", "all.yaml:18"] { #expect(answer.err.contains(word), "\(answer.err)") }
    }
}
