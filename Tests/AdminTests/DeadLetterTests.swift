import Foundation
import JobCore
import Testing

@testable import Admin

@Suite struct DeadLetterTests {
    @Test func `letters of one cause are one group, shown, replayed and waiting`() async throws {
        let bench = try CommandBench()
        let ids = try await bench.bury(3)
        let groups = try await bench.run("dead", "groups", "--json").list()
        #expect(groups.count == 1)
        #expect(groups.first?["count"] as? Int == 3)
        #expect(groups.first?["returned"] as? Int == 0)
        let fingerprint = try #require(groups.first?["fingerprint"] as? String)

        let letters = try await bench.run("dead", "--json").list()
        #expect(letters.compactMap { $0["id"] as? String } == ids.reversed().map(\.description))

        let replay = try await bench.run("dead", "replay", "--group", fingerprint, "--reason", "mended", "--json")
        #expect(replay.status == .ok)
        let answer = try replay.object()
        #expect(answer["replayed"] as? Int == 3)
        let operation = try #require(answer["operation"] as? String)
        #expect(try await bench.run("dead", "list", "--json").list().isEmpty)
        #expect(try await bench.run("dead", "list", "--state", "replaying", "--json").list().count == 3)

        let jobs = try await bench.withPlatform { platform in
            try await platform.store.claimDue(QueueAddress("mail"), limit: 10, claimant: "t", lease: .seconds(1)).jobs
        }
        #expect(Set(jobs.map(\.envelope.id)) == Set(ids))
        for job in jobs {
            #expect(job.reason == .replay)
            #expect(job.envelope.attempt == 1)
            #expect(job.envelope.enqueuedAt == Timestamp(milliseconds: 1_700_000_000_000))
            #expect(job.envelope.origin == "replay:\(operation)")
            #expect(
                job.envelope.carried == [
                    HeaderName.replayOperation: .string(operation), HeaderName.traceparent: .string("00-1-2-01"),
                ]
            )
        }
        let audit = try await bench.withPlatform { platform in
            try await platform.store.driver.read { session throws(StoreError) in
                try session.query(
                    "select kind, actor, reason, state from operations where id = :id",
                    ["id": .text(operation)]
                )
            }
        }
        #expect(audit.count == 1)
        #expect(try audit.first?.text("kind") == "dead.replay")
        #expect(try audit.first?.text("actor") == "ana")
        #expect(try audit.first?.text("reason") == "mended")
        #expect(try audit.first?.text("state") == "done")
    }

    @Test func `what cannot run again stays where it is, with the reason`() async throws {
        let bench = try CommandBench()
        let past = Timestamp.now().advanced(by: .seconds(-60)).milliseconds
        let ids = try await bench.bury(5) { letter, index in
            switch index {
            case 0: letter.headers[HeaderName.expiresAt] = .int(past)
            case 1: letter.oversize = Delivery.Oversize(length: 2_000_000, sha256: "ab")
            case 2: letter.job = "mail.gone"
            default: break
            }
        }
        let unknown = "0197a000-0000-7000-8000-00000000000f"
        let first = try await bench.run("dead", "replay", "--all", "--dry-run", "--json").object()
        #expect(first["replayed"] as? Int == 2)
        #expect(first["operation"] is NSNull)
        #expect(try await bench.run("dead", "--json").list().count == 5)

        let replay = try await bench.run("dead", "replay", "--all", "--json").object()
        #expect(replay["replayed"] as? Int == 2)
        #expect(replay["skipped"] as? Int == 3)
        #expect(replay["reasons"] as? [String: Int] == ["expired": 1, "oversize": 1, "unroutable": 1])

        let again = try await bench.run("dead", "replay", ids[3].description, unknown, "--json")
        #expect(again.status == .failed)
        #expect(try again.object()["reasons"] as? [String: Int] == ["replaying": 1, "not_found": 1])
        #expect(try again.object()["failed"] as? Int == 1)

        let expired = try await bench.run("dead", "replay", ids[0].description, "--include-expired", "--json").object()
        #expect(expired["replayed"] as? Int == 1)
        let waiting = try await bench.withPlatform { platform in
            try await platform.store.claimDue(QueueAddress("mail"), limit: 10, claimant: "t", lease: .seconds(1)).jobs
        }
        #expect(waiting.first { $0.envelope.id == ids[0] }?.envelope.expiresAt == nil)
    }

    @Test func `more than a hundred letters want consent, and without a terminal nothing is done`() async throws {
        let bench = try CommandBench()
        try await bench.bury(101)
        let refused = try await bench.run("dead", "replay", "--all", "--limit", "0")
        #expect(refused.status == .usage)
        #expect(refused.err.contains("101"))
        let wrong = try await bench.run("dead", "replay", "--all", "--limit", "0", input: "yes\n", isTerminal: true)
        #expect(wrong.status == .usage)
        #expect(try await bench.run("dead", "list", "--limit", "0", "--json").list().count == 101)
        let typed = try await bench.run(
            "dead",
            "replay",
            "--all",
            "--limit",
            "0",
            "--json",
            input: "101\n",
            isTerminal: true
        )
        #expect(typed.status == .ok)
        #expect(try typed.object()["replayed"] as? Int == 101)
    }

    @Test func `slices of a large replay share one operation, and due times are spread by the rate`() async throws {
        let bench = try CommandBench()
        try await bench.bury(1201)
        let answer = try await bench.run(
            "dead",
            "replay",
            "--all",
            "--limit",
            "0",
            "--rate",
            "100/s",
            "--yes",
            "--json"
        ).object()
        #expect(answer["replayed"] as? Int == 1201)
        let operation = try #require(answer["operation"] as? String)
        let row = try await bench.withPlatform { platform in
            try await platform.store.driver.read { session throws(StoreError) in
                try session.query(
                    """
                    select count(*) as jobs, max(due_at) - min(due_at) as spread from waiting
                    where operation_id = :operation
                    """,
                    ["operation": .text(operation)]
                )
            }
        }
        #expect(try row.first?.int("jobs") == 1201)
        #expect(try row.first?.int("spread") == 12_000)
    }

    @Test func `a job that waits already is not replayed over`() async throws {
        let bench = try CommandBench()
        let ids = try await bench.bury(1)
        let id = try #require(ids.first).description
        #expect(
            try await bench.run("enqueue", "mail.send", "--payload", #"{"to":"newer"}"#, "--delay", "1h", "--id", id)
                .status == .ok
        )
        let answer = try await bench.run("dead", "replay", id, "--json").object()
        #expect(answer["replayed"] as? Int == 0)
        #expect(answer["reasons"] as? [String: Int] == ["already_waiting": 1])
        #expect(try await bench.run("dead", "list", "--json").list().count == 1)
    }

    @Test func `personal fields are masked until they are asked for`() async throws {
        let bench = try CommandBench()
        let id = try #require(try await bench.bury(1).first).description
        let payload = try #require(
            try await bench.run("dead", "show", id, "--json").object()["payload"] as? [String: Any]
        )
        #expect(payload["to"] as? String == "***")
        #expect((payload["data"] as? [String: Any])?["name"] as? String == "***")
        #expect((payload["data"] as? [String: Any])?["n"] as? Int == 0)
        #expect(payload["note"] as? String == "hello")

        let blind = try await bench.run("dead", "show", id, "--json", environment: ["JOBS_DIR": "/no/such/jobs"])
        #expect(!blind.out.contains("hello"))
        #expect(!blind.out.contains("Ana"))
        let text = try await bench.run("dead", "show", id)
        #expect(!text.out.contains("ana@example.com"))
        let revealed = try await bench.run("dead", "show", id, "--reveal", "--json")
        #expect(
            revealed.out.contains(#""payload":{"to":"ana@example.com","data":{"name":"Ana","n":0},"note":"hello"}"#)
        )
        for verb in [["dead", "list"], ["dead", "groups"]] {
            for flags in [[], ["--json"]] {
                let answer = try await bench.run(list: verb + flags)
                #expect(!answer.out.contains("ana@example.com"))
            }
        }
    }

    @Test(arguments: [
        (["--queue", "mail"], 4), (["--queue", "mail.bulk"], 0), (["--queue", "system"], 0),
        (["--job", "mail.send"], 4),
        (["--error", "smtp_rejected"], 3), (["--error", "timeout"], 1), (["--build", "b1"], 3), (["--build", "b2"], 1),
        (["--since", "1h"], 4), (["--until", "1h"], 0), (["--since", "2000-01-01T00:00:00Z"], 4),
        (["--until", "2000-01-01T00:00:00Z"], 0), (["--where", "data.n=2"], 1), (["--where", "note=hello"], 4),
        (["--where", "data.name=Ana", "--where", "data.n=1"], 1), (["--where", "to=nobody"], 0), (["--limit", "2"], 2),
        (["--all"], 4), (["--error", "smtp_rejected", "--where", "data.n=3"], 0),
    ])
    func `a selector chooses`(_ options: [String], _ count: Int) async throws {
        let bench = try CommandBench()
        try await bench.bury(4) { letter, index in
            guard index == 3 else { return }
            letter.failure = Failure("timeout", "ran longer")
            letter.build = "b2"
        }
        #expect(try await bench.run(list: ["dead", "list", "--json"] + options).list().count == count)
    }

    @Test func `pages follow one another by cursor and lose nothing`() async throws {
        let bench = try CommandBench()
        let ids = try await bench.bury(7)
        var seen: [String] = []
        var arguments = ["dead", "list", "--limit", "3", "--json"]
        while true {
            let page = try await bench.run(list: arguments).list()
            guard let last = page.last?["cursor"] as? String else { break }
            seen += page.compactMap { $0["id"] as? String }
            arguments = ["dead", "list", "--limit", "3", "--after", last, "--json"]
        }
        #expect(seen == ids.reversed().map(\.description))
    }

    @Test func `a letter keeps the expiry of its job`() {
        let expiry = Timestamp(milliseconds: 1_800_000_000_000)
        var envelope = Envelope(id: JobID(), job: "mail.send", payload: [], enqueuedAt: .now(), readyAt: .now())
        envelope.expiresAt = expiry
        let letter = DeadLetter(envelope, at: QueueAddress("mail"), failure: Failure("x", ""), build: "b", worker: "w")
        #expect(letter.headers[HeaderName.expiresAt] == .int(expiry.milliseconds))
    }
}
