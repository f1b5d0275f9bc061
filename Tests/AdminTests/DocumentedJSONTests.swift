import Foundation
import Testing

@testable import Admin
@testable import JobCore

/// docs/json.md is a contract: its examples have exactly the keys that the verbs print.
@Suite struct DocumentedJSONTests {
    /// Objects whose keys are data.
    private static let open: Set = ["jobs", "reasons", "payload", "headers", "labels", "detail", "families"]

    @Test func `every documented example has the keys that its verb prints`() async throws {
        let bench = try CommandBench()
        let migration = try await bench.run("migrate", "plan", "--json")
        let ids = try await bench.bury(2)
        _ = try await bench.run("enqueue", "mail.send", "--payload", "{}", "--delay", "1h")
        try await bench.withPlatform { platform in
            let running = [WorkerBeat.Running(id: JobID().description, job: "mail.send", ageSeconds: 1)]
            let beat = WorkerBeat(id: "w", build: "b", queues: ["mail"], running: running, state: .up)
            try await platform.store.beat(beat, delivered: [:])
        }
        var printed: [String: String] = [:]
        printed["schedule run"] = try await bench.run("schedule", "run", "nightly", "--json").out
        printed["schedule pause"] = try await bench.run("schedule", "pause", "nightly", "--json").out
        let days = ["--from", "2026-11-01", "--to", "2026-11-02"]
        printed["schedule backfill"] = try await bench.run(list: ["schedule", "backfill", "nightly", "--json"] + days)
            .out
        printed["schedule show"] = try await bench.run("schedule", "show", "nightly", "--json").out
        let key = try await bench.fireAlert()
        printed["alert list"] = try await bench.run("alert", "list", "--json").out
        printed["alert ack"] = try await bench.run("alert", "ack", key, "--json").out
        printed["alert silence"] = try await bench.run("alert", "silence", "no_workers", "--for", "2h", "--json").out
        printed["alert test"] = try await bench.run("alert", "test", "--json").out
        for verb in ["schedule list", "lag", "queues", "workers", "doctor", "waiting list", "dead groups", "dead list"]
        {
            printed[verb] = try await bench.run(list: verb.split(separator: " ").map(String.init) + ["--json"]).out
        }
        for verb in ["breaker list", "limit list", "job-type list"] {
            printed[verb] = try await bench.run(list: verb.split(separator: " ").map(String.init) + ["--json"]).out
        }
        printed["limit set"] = try await bench.run("limit", "set", "mails_a_day", "--budget", "9", "--json").out
        printed["queue purge"] = try await bench.run("queue", "purge", "system", "--yes", "--json").out
        printed["job-type pause"] = try await bench.run("job-type", "pause", "mail.send", "--json").out
        let contract = bench.folder + "/contract"
        let types = CommandBench.registry
        printed["contract export"] = try await bench.run(
            "contract",
            "export",
            "--out",
            contract,
            "--json",
            registry: types
        ).out
        printed["contract check"] = try await bench.run(
            "contract",
            "check",
            "--against",
            "\(contract)/asyncapi.json",
            "--json",
            registry: types
        ).out
        _ = try await bench.run("key", "create", "api", "--allow", "mail.*")
        printed["key list"] = try await bench.run("key", "list", "--json").out
        printed["enqueue"] = try await bench.run("enqueue", "mail.send", "--payload", "{}", "--json").out
        let waiting = try await bench.run("waiting", "list", "--json").list()
        let delayed = try #require(waiting.first?["id"] as? String)
        printed["waiting run-now"] = try await bench.run("waiting", "run-now", "--queue", "none", "--json").out
        printed["job explain"] = try await bench.run("job", "explain", delayed, "--json").out
        printed["job cancel"] = try await bench.run("job", "cancel", delayed, "--yes", "--json").out
        let cancelled = try #require(
            try JSONSerialization.jsonObject(with: Data((printed["job cancel"] ?? "").utf8)) as? [String: Any]
        )
        printed["operation undo"] = try await bench.run(
            "operation",
            "undo",
            cancelled["operation"] as? String ?? "",
            "--yes",
            "--json"
        ).out
        printed["operation list"] = try await bench.run("operation", "list", "--json").out
        printed["worker drain"] = try await bench.run("worker", "drain", "w", "--yes", "--json").out
        printed["dead edit"] = try await bench.run(
            list: ["dead", "edit", ids[1].description, "--set", "to=\"b@example.com\"", "--yes", "--json"]
        ).out
        let archive = bench.folder + "/letters.ndjson.gz"
        printed["dead drain"] = try await bench.run(
            list: ["dead", "drain", ids[1].description, "--to", archive, "--yes", "--json"]
        ).out
        printed["dead import"] = try await bench.run("dead", "import", archive, "--json").out
        printed["dead purge"] = try await bench.run("dead", "purge", ids[1].description, "--yes", "--json").out
        printed["dead show"] = try await bench.run("dead", "show", ids[0].description, "--json").out
        let replay = try await bench.run("dead", "replay", "--all", "--abort-if-fail", "5%", "--json")
        printed["dead replay"] = replay.out
        let operation = try #require(try replay.object()["operation"] as? String)
        printed["operation show"] = try await bench.run("operation", "show", operation, "--json").out
        printed["audit list"] = try await bench.run("audit", "list", "--json").out
        try await bench.withPlatform { platform in
            _ = try await platform.store.driver.write { session throws(StoreError) in
                try session.execute("update audit set actor = 'eve' where seq = 1")
            }
        }
        printed["audit verify"] = try await bench.run("audit", "verify", "--json").out
        printed["privacy erase"] = try await bench.run(
            list: ["privacy", "erase", "--subject", "ana@example.com", "--dry-run", "--json"]
        ).out
        printed["waiting cancel"] = try await bench.run("waiting", "cancel", "--all", "--yes", "--json").out
        printed["migrate plan"] = migration.out
        printed["errors"] = try await bench.run("enqueue", "mail.sand", "--payload", "{}", "--json").err
        let other = "queues: { system: {} }"
        try other.write(toFile: bench.folder + "/jobs/all.yaml", atomically: true, encoding: .utf8)
        printed["topology plan"] = try await bench.run("topology", "plan", "--json").out

        // There is none on the embedded profile: the outbox's own test looks at its keys.
        let documented = try Self.examples().filter { $0.key != "outbox status" }
        #expect(documented.keys.sorted() == printed.keys.sorted())
        for (verb, example) in documented {
            let output = printed[verb] ?? ""
            #expect(try Self.keys(example) == Self.keys(output), "\(verb): \(output)")
        }
    }

    /// The first JSON block under each heading.
    private static func examples() throws -> [String: String] {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let file = tests.appendingPathComponent("../../docs/json.md").standardizedFileURL
        var examples: [String: String] = [:]
        for section in try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n## ").dropFirst() {
            let heading = section.prefix { $0 != "\n" }
            let verb = heading.hasPrefix("jobctl ") ? heading.dropFirst("jobctl ".count) : heading
            let block = try #require(section.components(separatedBy: "```json\n").dropFirst().first)
            examples[String(verb)] = block.components(separatedBy: "\n```").first
        }
        return examples
    }

    /// Paths of all keys; elements of an array count as one.
    private static func keys(_ json: String) throws -> Set<String> {
        var paths: Set<String> = []
        func walk(_ value: Any, _ path: String, isOpen: Bool) {
            if let list = value as? [Any] {
                for element in list { walk(element, path + "[]", isOpen: isOpen) }
            } else if let object = value as? [String: Any], !isOpen {
                for (key, member) in object {
                    paths.insert("\(path).\(key)")
                    walk(member, "\(path).\(key)", isOpen: open.contains(key))
                }
            }
        }
        walk(try JSONSerialization.jsonObject(with: Data(json.utf8)), "", isOpen: false)
        return paths
    }
}
