import Foundation
import Testing

@testable import Admin
@testable import JobCore

@Suite struct PrivacyTests {
    @Test(arguments: [
        ("ana@example.com", #"{"to":"Ana@Example.com"}"#, true),
        ("ana@example.com", #"{"to":"joana@example.com"}"#, false),
        ("ana@example.com", #"{"text":"write to ana@example.com, please"}"#, true),
        ("ana@example.com", #"{"to":"ana@example.com.br"}"#, false),
        ("ana@example.com", #"{"a":[{"ana@example.com":1}]}"#, true),
        ("ana@example.com", "no json: ana@example.com", true), ("5511999", #"{"phone":5511999}"#, true),
        ("5511999", #"{"phone":"55119990"}"#, false), ("user_id=42", #"{"user_id":42}"#, true),
        ("user_id=42", #"{"user_id":"42"}"#, true), ("user_id=42", #"{"venue_id":42}"#, false),
        ("data.to=x", #"{"data":{"to":"x"}}"#, true), ("josé da silva", #"{"name":"Jos\u00e9 da Silva"}"#, true),
    ])
    func `a subject is found as a word of its own, and nobody else`(subject: String, payload: String, isIn: Bool) throws
    {
        #expect(try #require(Subject(subject)).isIn(Array(payload.utf8)) == isIn)
    }

    @Test func `a subject must mean one person`() async throws {
        #expect(Subject("ana") == nil)
        let bench = try CommandBench()
        _ = try await bench.bury(1)
        #expect(try await bench.run("privacy", "erase", "--subject", "ana").status == .usage)
        #expect(try await bench.run("privacy", "erase", "--subject", "ana@example.com").status == .usage, "it asks")
    }

    @Test func `a person leaves waiting jobs, letters, originals and keys for good, and nobody else does`() async throws
    {
        let bench = try CommandBench()
        _ = try await bench.bury(3)
        let lines = [
            #"{"payload":{"to":"ana@example.com"},"delay_ms":3600000}"#,
            #"{"payload":{"to":"rui@example.com"},"delay_ms":3600000}"#,
            #"{"payload":{"to":"ana@example.com"},"unique_key":"welcome:ana@example.com","unique_mode":"until_done","delay_ms":9000000}"#,
        ]
        _ = try await bench.run("enqueue", "mail.send", "--ndjson", "-", input: lines.joined(separator: "\n"))
        let first = try #require(try await bench.run("dead", "list", "--json").list().first?["id"] as? String)
        _ = try await bench.run(list: ["dead", "edit", first, "--set", "note=\"edited\"", "--yes"])

        let dry = try await bench.run("privacy", "erase", "--subject", "ana@example.com", "--dry-run", "--json")
            .object()
        #expect(dry["waiting"] as? Int == 2 && dry["letters"] as? Int == 3 && dry["operation"] is NSNull)
        #expect(try await bench.run("dead", "list", "--json").list().count == 3)

        let erased = try await bench.run(
            list: ["privacy", "erase", "--subject", "ana@example.com", "--yes", "--json", "--reason", "request 811"]
        ).object()
        #expect(erased["waiting"] as? Int == 2 && erased["originals"] as? Int == 1)
        #expect(erased["letters"] as? Int == 5, "those of the cancelled jobs too")
        #expect(!(erased["unreached"] as? [String] ?? []).isEmpty, "it says what it cannot reach")
        #expect(try await bench.run("waiting", "list", "--json").list().count == 1, "Rui's stays")
        #expect(try await bench.run("dead", "list", "--json").list().isEmpty)
        let texts = try await bench.withPlatform { platform in
            try await platform.store.driver.read { session throws(StoreError) in
                var texts: [String] = []
                for row in try session.query("select payload, headers, error_message from dead_letters") {
                    texts.append(String(decoding: try row.bytes("payload") + row.bytes("headers"), as: UTF8.self))
                    texts.append(try row.text("error_message"))
                }
                for row in try session.query("select name from unique_keys") { texts.append(try row.text("name")) }
                return texts
            }
        }
        #expect(texts.count > 5 && !texts.contains { $0.contains("ana@example.com") })

        let operations = try await bench.run("operation", "list", "--json").list()
        for operation in operations where operation["kind"] as? String == "waiting.cancel" {
            let id = try #require(operation["id"] as? String)
            let undone = try await bench.run("operation", "undo", id, "--yes", "--json").object()
            #expect(undone["undone"] as? Int == 0, "no undo brings a person back")
        }
        let subjects = operations.compactMap { $0["subject"] as? String }
        #expect(subjects.contains { $0.hasPrefix("sha256 ") } && !subjects.contains { $0.contains("ana@example.com") })
        let again = try await bench.run(
            list: ["privacy", "erase", "--subject", "ana@example.com", "--yes", "--json"]
        ).object()
        #expect(again["letters"] as? Int == 0 && again["waiting"] as? Int == 0)
    }
}
