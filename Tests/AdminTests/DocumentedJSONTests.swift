import Foundation
import Testing

@testable import Admin
@testable import JobCore

/// docs/json.md is a contract: its examples have exactly the keys that the verbs print.
@Suite struct DocumentedJSONTests {
    /// Objects whose keys are data.
    private static let open: Set = ["jobs", "reasons", "payload", "headers"]

    @Test func `every documented example has the keys that its verb prints`() async throws {
        let bench = try CommandBench()
        let migration = try await bench.run("migrate", "plan", "--json")
        let ids = try await bench.bury(2)
        _ = try await bench.run("enqueue", "mail.send", "--payload", "{}", "--delay", "1h")
        try await bench.withPlatform { platform in
            let running = [WorkerBeat.Running(id: JobID().description, job: "mail.send", ageSeconds: 1)]
            let beat = WorkerBeat(id: "w", build: "b", queues: ["mail"], running: running, state: .up)
            try await platform.store.beat(beat, heads: [:])
        }
        var printed: [String: String] = [:]
        for verb in ["queues", "workers", "doctor", "waiting list", "dead groups", "dead list"] {
            printed[verb] = try await bench.run(list: verb.split(separator: " ").map(String.init) + ["--json"]).out
        }
        printed["enqueue"] = try await bench.run("enqueue", "mail.send", "--payload", "{}", "--json").out
        printed["dead show"] = try await bench.run("dead", "show", ids[0].description, "--json").out
        printed["dead replay"] = try await bench.run("dead", "replay", "--all", "--json").out
        printed["waiting cancel"] = try await bench.run("waiting", "cancel", "--all", "--yes", "--json").out
        printed["migrate plan"] = migration.out
        printed["errors"] = try await bench.run("enqueue", "mail.sand", "--payload", "{}", "--json").err
        let other = "queues: { system: {} }"
        try other.write(toFile: bench.folder + "/jobs/all.yaml", atomically: true, encoding: .utf8)
        printed["topology plan"] = try await bench.run("topology", "plan", "--json").out

        let documented = try Self.examples()
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
