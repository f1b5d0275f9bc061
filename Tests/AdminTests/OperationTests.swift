import Foundation
import JobCore
import Testing

@testable import Admin

@Suite struct `Operations` {
    private func delayed(_ count: Int) async throws -> CommandBench {
        let bench = try CommandBench()
        let input = (0..<count).map { #"{"payload":{"n":\#($0)},"delay_ms":\#(3_600_000 + $0)}"# }
        _ = try await bench.run("enqueue", "mail.send", "--ndjson", "-", input: input.joined(separator: "\n"))
        return bench
    }

    private func undo(_ bench: CommandBench, _ answer: CommandBench.Answer) async throws -> CommandBench.Answer {
        let operation = try #require(try answer.object()["operation"] as? String)
        return try await bench.run("operation", "undo", operation, "--yes", "--json", "--reason", "a mistake")
    }

    @Test func `a purge takes letters out of every list, and is taken back whole`() async throws {
        let bench = try CommandBench()
        try await bench.bury(1_200)
        let refused = try await bench.run("dead", "purge", "--queue", "mail", "--limit", "0")
        #expect(refused.status == .usage && refused.err.contains("purge 1200 dead letters"))
        #expect(try await bench.run("dead", "purge").status == .usage, "no selector is never everything")
        let purged = try await bench.run(list: ["dead", "purge", "--all", "--limit", "0", "--yes", "--json"])
        #expect(try purged.object()["purged"] as? Int == 1_200)
        #expect(try await bench.run("dead", "list", "--json").list().isEmpty)
        #expect(try await bench.run("dead", "groups", "--json").list().isEmpty)
        #expect(try await bench.run("dead", "list", "--state", "purged", "--limit", "7", "--json").list().count == 7)
        let undone = try await undo(bench, purged)
        #expect(try undone.object()["undone"] as? Int == 1_200)
        #expect(try await bench.run("dead", "list", "--limit", "0", "--json").list().count == 1_200)
        let again = try await undo(bench, purged)
        #expect(again.status == .failed && again.err.contains("already_undone"))
    }

    @Test func `cancelled jobs wait again after an undo, due when they were, with what they carried`() async throws {
        let bench = try await delayed(700)
        let before = try await bench.run("waiting", "list", "--limit", "0", "--json").list()
        let cancelled = try await bench.run(list: ["waiting", "cancel", "--all", "--limit", "0", "--yes", "--json"])
        #expect(try cancelled.object()["cancelled"] as? Int == 700)
        #expect(try await bench.run("dead", "list", "--json").list().isEmpty, "nobody is told of dead jobs")
        #expect(try await undo(bench, cancelled).object()["undone"] as? Int == 700)
        let after = try await bench.run("waiting", "list", "--limit", "0", "--json").list()
        #expect(after.map { $0["id"] as? String } == before.map { $0["id"] as? String })
        #expect(after.map { $0["due_at"] as? String } == before.map { $0["due_at"] as? String })
        #expect(
            try await bench.run("waiting", "list", "--where", "n=3", "--json").list().count == 1,
            "with its payload"
        )
        #expect(try await bench.run("dead", "list", "--state", "all", "--json").list().isEmpty)
    }

    @Test func `a queue is emptied of what is ready, and an undo lets it wait again`() async throws {
        let bench = try CommandBench()
        _ = try await bench.run("topology", "apply")
        let input = (0..<650).map { #"{"payload":{"n":\#($0)},"lane":"\#($0 % 5 == 0 ? "bulk" : "normal")"}"# }
        _ = try await bench.run("enqueue", "mail.send", "--ndjson", "-", input: input.joined(separator: "\n"))
        let refused = try await bench.run("queue", "purge", "mail")
        #expect(refused.status == .usage && refused.err.contains("take 650 ready jobs out of mail"))
        let lane = try await bench.run("queue", "purge", "mail.bulk", "--yes", "--json")
        #expect(try lane.object()["purged"] as? Int == 130)
        let rest = try await bench.run("queue", "purge", "mail", "--yes", "--json")
        #expect(try rest.object()["purged"] as? Int == 520)
        let ready = try await bench.run("queues", "--json").list().compactMap { $0["ready"] as? Int }
        #expect(ready.reduce(0, +) == 0)
        #expect(try await bench.run("dead", "list", "--json").list().isEmpty)
        #expect(try await undo(bench, lane).object()["undone"] as? Int == 130)
        let waiting = try await bench.run("waiting", "list", "--limit", "0", "--json").list()
        #expect(waiting.count == 130 && waiting.allSatisfy { $0["lane"] as? String == "bulk" })
        #expect(try await bench.run("queue", "purge", "mail", "--json").object()["operation"] is NSNull)
    }

    @Test func `a replay is taken back as far as its jobs still wait`() async throws {
        let bench = try CommandBench()
        try await bench.bury(10)
        let replayed = try await bench.run(list: ["dead", "replay", "--all", "--rate", "1/h", "--json"])
        #expect(try replayed.object()["replayed"] as? Int == 10)
        try await bench.withPlatform { platform in
            let mail = QueueAddress("mail")
            let due = try await platform.store.claimDue(mail, limit: 1, claimant: "p", lease: .seconds(60)).jobs
            #expect(due.count == 1)
        }
        let undone = try await undo(bench, replayed).object()
        #expect(undone["undone"] as? Int == 9 && undone["kept"] as? Int == 1)
        #expect(try await bench.run("dead", "list", "--json").list().count == 9)
    }

    @Test func `a pause is taken back, but not another one of the same name`() async throws {
        let bench = try CommandBench()
        _ = try await bench.run("topology", "apply")
        let first = try await bench.run("queue", "pause", "mail", "--json")
        _ = try await bench.run("queue", "pause", "mail", "--reason", "again")
        #expect(try await undo(bench, first).object()["kept"] as? Int == 1)
        let second = try await bench.run("job-type", "pause", "mail.send", "--json")
        #expect(try await undo(bench, second).object()["undone"] as? Int == 1)
        let controls = try await bench.withPlatform { try await $0.store.controls() }
        #expect(controls.map(\.name) == ["mail"])
    }

    @Test func `are listed with who and why, and say what cannot be taken back`() async throws {
        let bench = try await delayed(1)
        let moved = try await bench.run(
            list: ["waiting", "run-now", "--all", "--reason", "she waits on the phone", "--json"]
        )
        let operation = try #require(try moved.object()["operation"] as? String)
        let shown = try await bench.run("operation", "show", operation)
        #expect(shown.out.contains("waiting.run_now --all") && shown.out.contains("she waits on the phone"))
        let list = try await bench.run("operation", "list", "--kind", "waiting", "--json").list()
        #expect(list.count == 1 && list.first?["undoable"] as? Bool == false)
        let undone = try await undo(bench, moved)
        #expect(undone.status == .failed && undone.err.contains("waiting.cancel"))
        #expect(try await bench.run("operation", "show", "none").status == .failed)
    }

    @Test func `jobs become due at once or later, without having moved for anybody else`() async throws {
        let bench = try await delayed(3)
        let ids = try await bench.run("waiting", "list", "--json").list().compactMap { $0["id"] as? String }
        #expect(try await bench.run("waiting", "reschedule", ids[0], "--in", "2d").status == .ok)
        #expect(try await bench.run("waiting", "run-now", ids[1]).status == .ok)
        let rows = try await bench.run("waiting", "list", "--json").list()
        #expect(rows.map { $0["id"] as? String } == [ids[1], ids[2], ids[0]])
        #expect(rows[0]["overdue"] as? Bool == true)
        #expect(try await bench.run("waiting", "reschedule", ids[0]).status == .usage)
        #expect(try await bench.run("waiting", "run-now").status == .usage)
    }

    @Test func `a job's life is told in its order, and so is what nobody can know`() async throws {
        let bench = try CommandBench()
        let ids = try await bench.bury(1)
        _ = try await bench.run("dead", "replay", "--all", "--rate", "1/h", "--reason", "mended")
        let told = try await bench.run("job", "explain", ids[0].description, "--json").object()
        let events = try #require(told["events"] as? [[String: Any]])
        #expect(events.map { $0["what"] as? String } == ["enqueued", "died", "changed", "waits"])
        #expect((events[2]["detail"] as? String)?.contains("dead.replay by ana: mended") == true)
        #expect(told["state"] as? String == "waiting" && (told["unknown"] as? [String])?.isEmpty == true)
        _ = try await bench.run("job", "cancel", ids[0].description, "--yes")
        let again = try await bench.run("job", "explain", ids[0].description, "--json").object()
        #expect(again["state"] as? String == "dead", "a replay that is cancelled has not happened")
        _ = try await bench.run("dead", "purge", ids[0].description, "--yes")
        let gone = try await bench.run("job", "explain", ids[0].description, "--json").object()
        #expect(gone["state"] as? String == "purged" && (gone["unknown"] as? [String])?.isEmpty == true)
        let stranger = try await bench.run("job", "explain", JobID().description)
        #expect(stranger.status == .ok && stranger.out.contains("? whether it was ever enqueued"))
        let ready = try await bench.run("job", "cancel", JobID().description, "--yes")
        #expect(ready.status == .failed && ready.err.contains("job-type pause"))
    }

    @Test func `a queue is drained to a file and imported once, or taken back`() async throws {
        let bench = try CommandBench()
        _ = try await bench.run("topology", "apply")
        let input = (0..<450).map { #"{"payload":{"n":\#($0)},"lane":"\#($0 % 5 == 0 ? "bulk" : "normal")"}"# }
        _ = try await bench.run("enqueue", "mail.send", "--ndjson", "-", input: input.joined(separator: "\n"))
        let file = bench.folder + "/mail.ndjson.gz"
        let refused = try await bench.run("queue", "drain", "mail", "--to", file)
        #expect(refused.status == .usage && refused.err.contains("move 450 ready jobs of mail"))
        let drained = try await bench.run("queue", "drain", "mail", "--to", file, "--yes", "--json").object()
        #expect(drained["written"] as? Int == 450)
        #expect(try await bench.run("queues", "--json").list().allSatisfy { $0["ready"] as? Int == 0 })
        #expect(
            try await bench.run("queue", "drain", "mail", "--to", file, "--yes", "--json").object()["written"] as? Int
                == 0
        )
        #expect(try await bench.run("queue", "import", file, "--dry-run", "--json").object()["jobs"] as? Int == 450)
        let imported = try await bench.run("queue", "import", file, "--json").object()
        #expect(imported["imported"] as? Int == 450)
        let waiting = try await bench.run("waiting", "list", "--limit", "0", "--json").list()
        #expect(waiting.count == 450 && waiting.count { $0["lane"] as? String == "bulk" } == 90)
        let again = try await bench.run("queue", "import", file, "--json").object()
        #expect(again["imported"] as? Int == 0 && again["known"] as? Int == 450)
        let operation = try #require(drained["operation"] as? String)
        let undone = try await bench.run("operation", "undo", operation, "--yes", "--json").object()
        #expect(undone["undone"] as? Int == 0, "what was imported is not brought back a second time")
        #expect(try await bench.run("waiting", "list", "--limit", "0", "--json").list().count == 450)
        let damaged = bench.folder + "/damaged.ndjson"
        try "{}\n".write(toFile: damaged, atomically: true, encoding: .utf8)
        #expect(try await bench.run("queue", "import", damaged).err.contains("damaged.ndjson:1"))
    }

    @Test func `a spread replay is stopped, shown and resumed by its id`() async throws {
        let bench = try CommandBench()
        try await bench.bury(30)
        let replay = try await bench.run("dead", "replay", "--all", "--rate", "1/m", "--json").object()
        let id = try #require(replay["operation"] as? String)
        #expect(replay["state"] as? String == "done" && replay["replayed"] as? Int == 30)
        let shown = try await bench.run("operation", "show", id)
        #expect(shown.out.contains("30 under way") && shown.out.contains("until the last one is due"))
        let stopped = try await bench.run("operation", "stop", id, "--json", "--reason", "wrong group").object()
        #expect(stopped["taken_back"] as? Int == 29 && stopped["replayed"] as? Int == 1)
        #expect(try await bench.run("dead", "list", "--json").list().count == 29)
        let twice = try await bench.run("operation", "stop", id)
        #expect(twice.status == .failed && twice.err.contains("stopped already"))
        #expect(try await bench.run("operation", "show", id).out.contains("jobctl operation resume \(id)"))
        let resumed = try await bench.run("operation", "resume", id, "--json").object()
        #expect(resumed["replayed"] as? Int == 1)
        #expect(try await bench.run("operation", "resume", id).err.contains("it is running"))
        #expect(try await bench.run("operation", "stop", JobID().description).err.contains("no replay has the id"))
        let kinds = try await bench.run("audit", "list", "--json").list().compactMap { $0["kind"] as? String }
        #expect(kinds.starts(with: ["operation.resume", "operation.stop", "dead.replay"]), "\(kinds)")
        #expect(try await bench.run("audit", "verify", "--json").object()["ok"] as? Bool == true)
    }

    @Test func `a canary of a bad repair stops before it harms, and says what to do`() async throws {
        let bench = try CommandBench()
        for bad in ["5,1", "0", "1,x", "200%", "1,1"] {
            #expect(try await bench.run("dead", "replay", "--all", "--canary", bad).status == .usage, "\(bad)")
        }
        #expect(try await bench.run("dead", "replay", "--all", "--abort-if-fail", "5").status == .usage)
        try await bench.bury(50)
        let begun = try await bench.run("dead", "replay", "--all", "--canary", "1,5", "--detach", "--json").object()
        let id = try #require(begun["operation"] as? String)
        #expect(begun["state"] as? String == "running" && begun["replayed"] as? Int == 1)
        let waiting = try await bench.run("waiting", "list", "--json").list()
        let job = try #require(waiting.first?["id"] as? String)
        try await bench.withPlatform { platform in
            let letter = DeadLetter(
                Envelope(
                    id: try #require(JobID(job)),
                    job: "mail.send",
                    payload: Array("{}".utf8),
                    attempt: 1,
                    enqueuedAt: .now(),
                    readyAt: .now(),
                    carried: [HeaderName.replayOperation: .string(id)]
                ),
                at: QueueAddress("mail"),
                failure: Failure("smtp_rejected", "550"),
                build: "b2",
                worker: "w"
            )
            try await platform.store.bury([letter])
            #expect(try await platform.store.stepReplay(id, by: "loops")?.run.state == .stopped)
        }
        let shown = try await bench.run("operation", "show", id)
        #expect(shown.out.contains("1 of 1 failed again: 100 %, more than 5.0 %"))
        #expect(shown.out.contains("jobctl operation resume"))
    }

    @Test func `an audit that was touched is found, also with a head in a file`() async throws {
        let bench = try CommandBench()
        try await bench.bury(3)
        for _ in 0..<3 { _ = try await bench.run("dead", "purge", "--all", "--limit", "1", "--yes") }
        let whole = try await bench.run("audit", "verify", "--json").object()
        let head = try #require(whole["head"] as? String)
        #expect(whole["ok"] as? Bool == true && head.hasPrefix("\(whole["entries"] as? Int ?? 0):"))
        #expect(try await bench.run("audit", "verify", "--head", "x").status == .usage)
        let file = bench.folder + "/heads"
        try (head + "\n").write(toFile: file, atomically: true, encoding: .utf8)
        let configured = ["JOBS_AUDIT_HEAD_FILE": file]
        #expect(try await bench.run(list: ["audit", "verify"], environment: configured).out.contains("1 heads"))
        try await bench.withPlatform { platform in
            let last = try await platform.store.audit(limit: 2)[1]
            try await platform.store.driver.write { session throws(StoreError) in
                try session.execute("delete from audit where seq > :seq", ["seq": .int(last.seq)])
                try session.execute(
                    "update audit_head set seq = :seq, hash = :hash",
                    ["seq": .int(last.seq), "hash": .text(last.hash)]
                )
            }
        }
        let cut = try await bench.run(list: ["audit", "verify"], environment: configured)
        #expect(cut.status == .checkFailed && cut.out.contains("everything after entry"))
        let garbled = try await bench.run(list: ["audit", "verify", "--head-file", bench.folder + "/jobs/all.yaml"])
        #expect(garbled.status == .usage && garbled.err.contains("all.yaml:1"))
    }
}
