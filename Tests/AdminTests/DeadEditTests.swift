import Foundation
import JobCore
import Testing

@testable import Admin

@Suite struct `Editing letters` {
    private func payloads(_ bench: CommandBench) async throws -> [[String: Any]] {
        try await bench.run(list: ["dead", "show", "--queue", "mail", "--reveal", "--limit", "0", "--json"]).list()
            .compactMap { $0["payload"] as? [String: Any] }
    }

    @Test func `many are changed at once, and an undo brings the originals back`() async throws {
        let bench = try CommandBench()
        try await bench.bury(620)
        let before = try await payloads(bench)
        let change = ["--set", "data.name=\"Bia\"", "--set", "copies=2", "--unset", "note"]
        let all = ["dead", "edit", "--queue", "mail", "--limit", "0"]
        let rehearsal = try await bench.run(
            list: all + change + ["--dry-run", "--json"],
            registry: CommandBench.registry
        )
        #expect(try rehearsal.object()["edited"] as? Int == 620)
        #expect(try await payloads(bench).allSatisfy { $0["note"] as? String == "hello" })
        let refused = try await bench.run(list: all + change)
        #expect(refused.status == .usage && refused.err.contains("change 620 dead letters"))
        let edited = try await bench.run(list: all + change + ["--yes", "--json"], registry: CommandBench.registry)
        #expect(try edited.object()["edited"] as? Int == 620)
        let after = try await payloads(bench)
        #expect(after.allSatisfy { $0["note"] == nil && $0["copies"] as? Int == 2 })
        #expect(after.allSatisfy { ($0["data"] as? [String: Any])?["name"] as? String == "Bia" })
        #expect(Set(after.compactMap { ($0["data"] as? [String: Any])?["n"] as? Int }).count == 620, "the rest stays")
        let operation = try #require(try edited.object()["operation"] as? String)
        let shown = try await bench.run("operation", "show", operation).out
        #expect(shown.contains("data.name") && !shown.contains("Bia"), "paths, never values")
        let undone = try await bench.run("operation", "undo", operation, "--yes", "--json")
        #expect(try undone.object()["undone"] as? Int == 620)
        #expect(try await payloads(bench).map { $0 as NSDictionary } == before.map { $0 as NSDictionary })
    }

    @Test func `what the job's type does not read is refused, and said`() async throws {
        let bench = try CommandBench()
        try await bench.bury(2)
        let change = ["dead", "edit", "--queue", "mail", "--set", "to=7", "--yes", "--json"]
        let refused = try await bench.run(list: change, registry: CommandBench.registry).object()
        #expect(refused["edited"] as? Int == 0 && refused["refused"] as? Int == 2)
        #expect((refused["reasons"] as? [String: Int])?.keys.first?.contains("to is not of type String") == true)
        let forced = try await bench.run(list: change + ["--unchecked"], registry: CommandBench.registry).object()
        #expect(forced["edited"] as? Int == 2)
    }

    @Test(arguments: [
        (["--set", "to"], "path=JSON"), (["--set", "to=Recife"], "a text has quotes"),
        (["--set", "a..b=1"], "no path"),
        ([], "what is to be changed?"),
    ])
    func `a change that cannot be made is a usage error`(arguments: [String], message: String) async throws {
        let bench = try CommandBench()
        try await bench.bury(1)
        let answer = try await bench.run(list: ["dead", "edit", "--queue", "mail", "--yes"] + arguments)
        #expect(answer.status == .usage && answer.err.contains(message), "\(answer.err)")
    }

    @Test func `a path that leads through a value is refused`() throws {
        let edit = try PayloadEdit(sets: ["to.name=1"], removals: [])
        #expect(throws: PayloadEdit.Mistake.self) {
            _ = try edit.applied(to: Array(#"{"to":"a"}"#.utf8))
        }
        let deep = try PayloadEdit(sets: ["a.b.c=[1]"], removals: ["x.y"])
        let result = try deep.applied(to: Array(#"{"x":{"y":1,"z":2},"a":null}"#.utf8))
        #expect(String(decoding: result, as: UTF8.self) == #"{"a":{"b":{"c":[1]}},"x":{"z":2}}"#)
    }
}
