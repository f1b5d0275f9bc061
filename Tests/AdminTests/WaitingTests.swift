import Foundation
import JobCore
import Testing

@testable import Admin

@Suite struct WaitingTests {
    private func bench(_ count: Int) async throws -> CommandBench {
        let bench = try CommandBench()
        let input = (0..<count).map { #"{"payload":{"n":\#($0)},"delay_ms":\#(60_000 + $0)}"# }
        _ = try await bench.run("enqueue", "mail.send", "--ndjson", "-", input: input.joined(separator: "\n"))
        return bench
    }

    @Test func `cancelling deletes what was meant, and says what`() async throws {
        let bench = try await bench(5)
        let refused = try await bench.run("waiting", "cancel", "--queue", "mail")
        #expect(refused.status == .usage)
        #expect(try await bench.run("waiting", "list", "--json").list().count == 5)

        let one = try await bench.run("waiting", "cancel", "--where", "n=3", "--yes", "--json").object()
        #expect(one["cancelled"] as? Int == 1)
        let operation = try #require(one["operation"] as? String)
        #expect(try await bench.run("waiting", "list", "--where", "n=3", "--json").list().isEmpty)

        let rest = try await bench.run("waiting", "cancel", "--all", "--yes", "--json").object()
        #expect(rest["cancelled"] as? Int == 4)
        #expect(rest["jobs"] as? [String: Int] == ["mail.send": 4])
        #expect(try await bench.run("waiting", "list", "--json").list().isEmpty)
        let audit = try await bench.withPlatform { platform in
            try await platform.store.driver.read { session throws(StoreError) in
                try session.query("select subject, detail from operations where id = :id", ["id": .text(operation)])
            }
        }
        #expect(try audit.first?.text("subject") == "--where n=…")
        #expect(try String(decoding: audit.first?.bytes("detail") ?? [], as: UTF8.self).contains(#""cancelled":1"#))
    }

    @Test func `nothing to cancel needs no consent and makes no operation`() async throws {
        let answer = try await bench(1).run("waiting", "cancel", "--job", "system.probe", "--json")
        #expect(answer.status == .ok)
        #expect(try answer.object()["operation"] is NSNull)
    }

    @Test func `a job that the promoter holds is left alone`() async throws {
        let bench = try CommandBench()
        _ = try await bench.run("enqueue", "mail.send", "--payload", "{}", "--delay", "1ms")
        try await bench.withPlatform { platform in
            var claimed: [WaitingJob] = []
            while claimed.isEmpty {
                claimed = try await platform.store.claimDue(
                    QueueAddress("mail"),
                    limit: 10,
                    claimant: "p",
                    lease: .seconds(60)
                ).jobs
            }
        }
        let answer = try await bench.run("waiting", "cancel", "--all", "--yes", "--json").object()
        #expect(answer["cancelled"] as? Int == 0)
        let rows = try await bench.run("waiting", "--json").list()
        #expect(rows.first?["overdue"] as? Bool == true)
        let queue = try await bench.run("queues", "--json").list().first { $0["queue"] as? String == "mail" }
        #expect(queue?["overdue"] as? Int == 1)
        #expect(queue?["waiting"] as? Int == 0)
    }

    @Test func `the next due comes first, page after page`() async throws {
        let bench = try await bench(12)
        var due: [String] = []
        var after: [String] = []
        while true {
            let page = try await bench.run(list: ["waiting", "list", "--limit", "5", "--json"] + after).list()
            guard let cursor = page.last?["cursor"] as? String else { break }
            due += page.compactMap { $0["due_at"] as? String }
            after = ["--after", cursor]
        }
        #expect(due.count == 12)
        #expect(due == due.sorted())
    }
}
