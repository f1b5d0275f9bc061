import Foundation
import JobCore
import Testing

@testable import Admin

@Suite struct EnqueueTests {
    @Test func `an enqueued job is ready in its queue, and its lag grows`() async throws {
        let bench = try CommandBench()
        let enqueued = try await bench.run("enqueue", "mail.send", "--payload", #"{"to":"x"}"#)
        #expect(enqueued.status == .ok)
        #expect(JobID(enqueued.lines.first ?? "") != nil)
        func mail() async throws -> [String: Any] {
            let rows = try await bench.run("queues", "--json").list()
            return try #require(rows.first { $0["queue"] as? String == "mail" && $0["lane"] as? String == "normal" })
        }
        let first = try await mail()
        #expect(first["ready"] as? Int == 1)
        #expect(first["verdict"] as? String == "no_workers")
        #expect(first["ok"] as? Bool == false)
        #expect(first["threshold_seconds"] as? Double == 2)
        let early = try #require(first["lag_seconds"] as? Double)
        var late = early
        while late <= early { late = try #require(try await mail()["lag_seconds"] as? Double) }
    }

    @Test func `a delayed job waits in the store and shows as waiting`() async throws {
        let bench = try CommandBench()
        let id = "0197a000-0000-7000-8000-00000000000a"
        let answer = try await bench.run(
            "enqueue",
            "mail.send",
            "--payload",
            "{}",
            "--delay",
            "5m",
            "--lane",
            "bulk",
            "--id",
            id,
            "--json"
        )
        #expect(try answer.object()["id"] as? String == id)
        #expect(try answer.object()["result"] as? String == "enqueued")
        let rows = try await bench.run("waiting", "--json").list()
        #expect(rows.count == 1)
        #expect(rows.first?["id"] as? String == id)
        #expect(rows.first?["lane"] as? String == "bulk")
        #expect(rows.first?["overdue"] as? Bool == false)
        let due = try #require(rows.first?["due_in_seconds"] as? Double)
        #expect((290...300).contains(due))
    }

    @Test func `an unknown name is unroutable, and the nearest known one is named`() async throws {
        let answer = try await CommandBench().run("enqueue", "mail.sent", "--payload", "{}")
        #expect(answer.status == .failed)
        #expect(answer.err.contains("did you mean mail.send?"))
    }

    @Test(arguments: ["{", "{]", #"{"a":1,}"#, "", "nope", String(repeating: "[", count: 40)])
    func `a payload that is not JSON within the limits is refused before anything is sent`(_ payload: String)
        async throws
    {
        let bench = try CommandBench()
        let answer = try await bench.run("enqueue", "mail.send", "--payload", payload)
        #expect(answer.status == .failed)
        #expect(!FileManager.default.fileExists(atPath: bench.file))
    }

    @Test func `a full queue answers 4 with a suggested wait, or is waited for as long as asked`() async throws {
        let bench = try CommandBench(
            declarations: CommandBench.jobs.replacing("lag_threshold: 2s", with: "max_length: 2")
        )
        let three = #"{"payload":{}}"# + "\n" + #"{"payload":{}}"# + "\n" + #"{"payload":{}}"#
        let full = try await bench.run("enqueue", "mail.send", "--ndjson", "-", "--json", input: three)
        #expect(full.status == .tryLater)
        #expect(full.lines.count == 2)
        let said = try JSONSerialization.jsonObject(with: Data(full.err.utf8)) as? [String: [String: Any]]
        #expect(said?["error"]?["label"] as? String == "queue_full")
        #expect(said?["error"]?["retryable"] as? Bool == true)
        let wait = try #require(said?["error"]?["retry_after_seconds"] as? Double)
        #expect((0.1...0.3).contains(wait))
        let words = try await bench.run("enqueue", "mail.send", "--payload", "{}")
        #expect(words.status == .tryLater)
        #expect(words.err.contains("the queue is full: try again in 0."))
        async let waiting = bench.run("enqueue", "mail.send", "--payload", "{}", "--wait", "60s")
        try await bench.withPlatform { platform in
            _ = try await platform.store.driver.write { session throws(StoreError) in
                try session.execute("delete from ready_messages")
            }
        }
        #expect(try await waiting.status == .ok)
    }

    @Test func `the payload comes from a file or from stdin as well`() async throws {
        let bench = try CommandBench()
        try #"{"to":"f"}"#.write(toFile: bench.folder + "/p.json", atomically: true, encoding: .utf8)
        #expect(try await bench.run("enqueue", "mail.send", "--payload", "@\(bench.folder)/p.json").status == .ok)
        #expect(try await bench.run("enqueue", "mail.send", "--payload", "-", input: #"{"to":"s"}"#).status == .ok)
        #expect(try await bench.run("enqueue", "mail.send", "--payload", "@/no/such/file").status == .failed)
    }

    @Test func `a bad line is told by its number and the others go on, in order`() async throws {
        let bench = try CommandBench()
        let ids = (1...5).map { "0197a000-0000-7000-8000-00000000000\($0)" }
        let lines = [
            #"{"payload":{"to":"1"},"id":"\#(ids[0])"}"#,
            #"{"payload":{"to":"2"},"id":"\#(ids[1])","delay_ms":60000}"#,
            #"{"payload": nope}"#,
            #"{"payload":{"to":"4"},"nme":"mail.send"}"#,
            #"{"payload":{},"name":"mail.nowhere"}"#,
            "",
            #"{ "id":"\#(ids[4])" , "payload" : {"n":1.10,"s":"a,\"}]"} , "name":"system.probe" }"#,
        ]
        let answer = try await bench.run("enqueue", "mail.send", "--ndjson", "-", input: lines.joined(separator: "\n"))
        #expect(answer.status == .failed)
        #expect(answer.lines == [ids[0], ids[1], ids[4]])
        for (number, word) in [(3, "not a JSON object"), (4, "nme"), (5, "mail.nowhere")] {
            #expect(answer.err.contains("line \(number): "))
            #expect(answer.err.contains(word))
        }
    }

    @Test func `thousands of lines are enqueued in batches`() async throws {
        let bench = try CommandBench()
        let input = (0..<2500).map { #"{"payload":{"n":\#($0)}}"# }.joined(separator: "\n")
        let answer = try await bench.run("enqueue", "mail.send", "--ndjson", "-", "--json", input: input)
        #expect(answer.status == .ok)
        #expect(answer.lines.count == 2500)
        let rows = try await bench.run("queues", "--json").list()
        #expect(
            rows.first { $0["queue"] as? String == "mail" && $0["lane"] as? String == "normal" }?["ready"] as? Int
                == 2500
        )
    }

    @Test(arguments: [
        ("{}", true), (#" [1, -0.5e+3, 0, "a\"\u00e9", null, true] "#, true), ("1.", false), ("01", false),
        ("-", false),
        ("[1,]", false), (#"{"a":1,}"#, false), (#"{"a" 1}"#, false), ("'a'", false), ("NaN", false), ("[1] 2", false),
        (#""\x""#, false), ("\"a\nb\"", false), ("nul", false), ("// c\n1", false), ("", false),
    ])
    func `JSON is taken to the letter`(_ text: String, _ isGood: Bool) {
        #expect(JSONGrammar.accepts(Array(text.utf8)) == isGood)
    }

    @Test(arguments: [
        (#"{"payload":{"a":1.10}}"#, #"{"a":1.10}"#), (#"{"id":"x","payload": [1, 2] }"#, "[1, 2]"),
        (#"{"payload":"a\"b,}","z":{"payload":3}}"#, #""a\"b,}""#), (#"{"payload":1,"payload":2}"#, "2"),
    ])
    func `the payload's bytes are taken as they stand`(_ line: String, _ payload: String) {
        #expect(
            JSONMembers.bytes(of: "payload", in: Array(line.utf8)).map { String(decoding: $0, as: UTF8.self) }
                == payload
        )
    }
}
