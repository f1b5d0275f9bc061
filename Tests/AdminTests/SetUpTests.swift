import Foundation
import Testing

@testable import Admin
@testable import JobCore

@Suite struct SetUpTests {
    @Test func `migrate plan exits 3 until it has been applied`() async throws {
        let bench = try CommandBench()
        let before = try await bench.run("migrate", "plan", "--json")
        #expect(before.status == .checkFailed)
        #expect(try before.object()["current"] as? Int == 0)
        #expect(try await bench.run("migrate", "apply", "--yes").status == .ok)
        let after = try await bench.run("migrate", "plan", "--json")
        #expect(after.status == .ok)
        #expect((try after.object()["steps"] as? [Any])?.isEmpty == true)
    }

    @Test func `topology plan exits 3 until it has been applied, and deletes want consent`() async throws {
        let bench = try CommandBench()
        #expect(try await bench.run("topology", "apply").status == .ok)
        #expect(try await bench.run("topology", "plan").status == .ok)
        let less = """
            queues: { system: {} }
            jobs: { system.probe: { summary: does nothing, queue: system, examples: { 1: [ {} ] } } }
            """
        try less.write(toFile: bench.folder + "/jobs/all.yaml", atomically: true, encoding: .utf8)
        let plan = try await bench.run("topology", "plan", "--json")
        #expect(plan.status == .checkFailed)
        #expect(try #require(try plan.object()["deletions"] as? Int) > 0)
        #expect(try await bench.run("topology", "apply").status == .usage)
        #expect(try await bench.run("topology", "plan").status == .checkFailed)
        let applied = try await bench.run("topology", "apply", "--yes", "--json")
        #expect(applied.status == .ok)
        #expect(try applied.object()["operation"] is String)
        #expect(try await bench.run("topology", "plan").status == .ok)
        let routes = try await bench.withPlatform { try await $0.store.routes() }
        #expect(Set(routes.map(\.job.rawValue)) == ["system.probe"])
    }

    @Test func `topology needs the declarations and says where it looked`() async throws {
        let answer = try await CommandBench().run("topology", "plan", environment: ["JOBS_DIR": "/no/such/jobs"])
        #expect(answer.status == .failed)
        #expect(answer.err.contains("/no/such/jobs"))
    }

    @Test func `the doctor names what is wrong and what mends it`() async throws {
        let bench = try CommandBench()
        let missing = try await bench.run("doctor", "--json")
        #expect(missing.status == .checkFailed)
        #expect(try missing.list().contains { $0["name"] as? String == "store" && $0["ok"] as? Bool == false })

        _ = try await bench.run("topology", "apply")
        let lonely = try await bench.run("doctor", "--json")
        #expect(lonely.status == .checkFailed)
        let problems = try lonely.list().filter { $0["ok"] as? Bool == false }
        #expect(Set(problems.compactMap { $0["name"] as? String }) == ["loops", "registry", "workers"])
        #expect(problems.allSatisfy { $0["remedy"] is String })

        try await bench.withPlatform { platform in
            let beat = WorkerBeat(
                id: "w",
                build: "b",
                queues: ["mail", "mail.bulk", "system"],
                running: [],
                state: .up
            )
            try await platform.store.beat(beat, delivered: [:])
            var sign = LoopSign()
            sign.worked = .now
            try await platform.store.sign(["promoter": sign], process: "p")
        }
        var registry = JobRegistry()
        registry.register(Send.self) { _ in Sender() }
        let healthy = try await bench.run("doctor", registry: registry)
        #expect(healthy.status == .ok, "\(healthy.out)")

        try await bench.withPlatform { platform in
            let entry = WaitingEntry(
                envelope: Envelope(
                    id: JobID(),
                    job: "push.send",
                    payload: Array("{}".utf8),
                    enqueuedAt: .now(),
                    readyAt: .now()
                ),
                address: QueueAddress("mail"),
                due: .after(.seconds(60)),
                reason: .snooze,
                lastError: "unknown_job: no worker for push.send in this build"
            )
            _ = try await platform.store.wait([entry])
        }
        let newer = try await bench.run("doctor", "--json", registry: registry)
        #expect(newer.status == .checkFailed)
        let version = try newer.list().first { $0["name"] as? String == "versions" }
        #expect(
            (version?["detail"] as? String)?.contains("1 push.send (no worker for push.send in this build)") == true
        )
    }

    @Test func `workers tell what they run`() async throws {
        let bench = try CommandBench()
        try await bench.withPlatform { platform in
            let running = [WorkerBeat.Running(id: JobID().description, job: "mail.send", ageSeconds: 1.5)]
            let beat = WorkerBeat(
                id: "w",
                build: "b7",
                queues: ["mail"],
                running: running,
                runningCounts: ["mail": 3],
                state: .up
            )
            try await platform.store.beat(beat, delivered: [:])
        }
        let worker = try #require(try await bench.run("workers", "--json").list().first)
        #expect(worker["build"] as? String == "b7")
        #expect((worker["running"] as? [[String: Any]])?.first?["age_seconds"] as? Double == 1.5)
        let mail = try await bench.run("queues", "--json").list().first { $0["queue"] as? String == "mail" }
        #expect(mail?["workers"] as? Int == 1)
        #expect(mail?["running"] as? Int == 3)
        #expect(mail?["verdict"] as? String == "ok")
    }
}

private struct Send: Job {
    static let name: JobName = "mail.send"
    var to: String
}

private struct Sender: Worker {
    func perform(_ job: Send, _ context: JobContext) async throws -> Outcome { .done }
}
