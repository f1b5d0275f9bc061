import Foundation
import JobCore
import Testing

@testable import Admin

@Suite struct UsageTests {
    @Test(arguments: [
        ["queues"], ["workers"], ["waiting"], ["waiting", "list"], ["dead"], ["dead", "groups"], ["dead", "list"],
        ["dead", "show", "0197a000-0000-7000-8000-000000000000"], ["topology"], ["topology", "plan"], ["migrate"],
        ["migrate", "plan"], ["doctor"], ["dead", "replay", "--all", "--dry-run"],
    ])
    func `a verb that looks never creates a store`(_ arguments: [String]) async throws {
        let bench = try CommandBench()
        for flags in [[], ["--json"]] {
            let answer = try await bench.run(list: arguments + flags)
            #expect(answer.status != .ok)
            #expect(!FileManager.default.fileExists(atPath: bench.folder + "/store"))
        }
    }

    @Test(arguments: [
        ["dead", "replay"], ["waiting", "cancel"], ["waiting", "cancel", "--yes"], ["dead", "show"],
        ["dead", "replay", "--limit", "0", "--yes"],
    ])
    func `no selector is a usage error, never everything`(_ arguments: [String]) async throws {
        let bench = try CommandBench()
        try await bench.bury(1)
        let answer = try await bench.run(list: arguments)
        #expect(answer.status == .usage)
        let open = try await bench.withPlatform { try await $0.store.openLetters() }
        #expect(open.values.reduce(0, +) == 1)
    }

    @Test(arguments: [
        ["nonsense"], ["queues", "--nonsense"], ["dead", "lst"], ["enqueue"],
        ["enqueue", "Bad Name", "--payload", "{}"],
        ["enqueue", "mail.send"], ["enqueue", "mail.send", "--payload", "{}", "--lane", "fast"],
        ["enqueue", "mail.send", "--payload", "{}", "--delay", "soon"], ["dead", "list", "--limit", "-1"],
        ["dead", "list", "--since", "yesterday"], ["dead", "list", "--where", "a"], ["dead", "list", "--after", "x"],
        ["waiting", "list", "--group", "x"], ["dead", "replay", "--all", "--rate", "fast"],
        ["dead", "replay", "--all", "--queue", "mail"], ["dead", "list", "--state", "opened"],
    ])
    func `wrong usage exits 2 and says so on stderr`(_ arguments: [String]) async throws {
        let bench = try CommandBench()
        let answer = try await bench.run(list: arguments)
        #expect(answer.status == .usage)
        #expect(answer.out.isEmpty)
        #expect(answer.err.hasPrefix("jobctl: "))
        let asJSON = try await bench.run(list: arguments + ["--json"])
        #expect(asJSON.status == .usage)
        let error = try JSONSerialization.jsonObject(with: Data(asJSON.err.utf8)) as? [String: [String: Any]]
        let keys: Set = ["label", "message", "remedy", "retryable", "retry_after_seconds"]
        #expect(Set(error?["error"]?.keys.map(\.self) ?? []) == keys)
    }

    @Test(arguments: [[], ["help"], ["--help"], ["dead", "--help"], ["help", "dead", "replay"]])
    func `help is no failure`(_ arguments: [String]) async throws {
        let answer = try await CommandBench().run(list: arguments)
        #expect(answer.status == .ok)
        #expect(answer.out.contains("USAGE"))
    }

    @Test func `a wrong pair of URLs names the variable and exits 2, without any password`() async throws {
        let bench = try CommandBench()
        let answer = try await bench.run("queues", environment: ["JOBS_DATABASE_URL": "postgres://u:hunter2@h/db"])
        #expect(answer.status == .usage)
        #expect(answer.err.contains("JOBS_BROKER_URL"))
        #expect(!(answer.err + answer.out).contains("hunter2"))
    }

    @Test func `a missing store is told with what makes one`() async throws {
        let answer = try await CommandBench().run("queues")
        #expect(answer.status == .failed)
        #expect(answer.err.contains("do: jobctl migrate apply"))
    }
}
