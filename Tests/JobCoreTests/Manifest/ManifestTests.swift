import Foundation
import Testing

@testable import JobCore

@Suite struct `A good manifest` {
    static let text = """
        queues:
          mail:
            lanes: [bulk, high]
            concurrency: 4
            credit: 40
            max_length: none
            lag_threshold: 90s
            depends_on: [smtp, templates]
          plain: {}
        jobs:
          mail.send:
            summary: Sends
            queue: mail
            lane: bulk
            version: 3
            timeout: 10m
            retry:
              max_attempts: 5
              base: 200ms
              cap: 5s
              labels: { quota: { after: 1h }, flaky: { max_attempts: 9 }, bad: dead, down: { park: smtp } }
            personal: [to, data.email]
            examples:
              1: [{ to: a }]
              3: [{ to: b }, { to: c }]
          plain.job:
            summary: Does little
            queue: plain
            examples: { 1: [{}] }
        """

    @Test func `gives every declared value`() throws {
        let manifest = try Manifest.read(Self.text, file: "jobs/a.yaml")
        let queue = try #require(manifest.queues["mail"])
        #expect(queue.lanes == [.high, .bulk])
        #expect(queue.concurrency == 4)
        #expect(queue.credit == 40)
        #expect(queue.maximumLength == nil)
        #expect(queue.lagThreshold == .seconds(90))
        #expect(queue.dependencies == ["smtp", "templates"])
        #expect(queue.declaredAt.description == "jobs/a.yaml:2:3")
        let job = try #require(manifest.jobs["mail.send"])
        #expect(job.summary == "Sends")
        #expect(job.lane == .bulk)
        #expect(job.version == 3)
        #expect(job.timeout == .seconds(600))
        #expect(job.personalFields == ["to", "data.email"])
        #expect(job.retry.base == .milliseconds(200))
        #expect(job.retry.cap == .seconds(5))
        #expect(job.retry.maximumAttempts == 5)
        #expect(
            job.retry.labels == [
                "quota": .retry(after: .seconds(3600), maximumAttempts: nil),
                "flaky": .retry(after: nil, maximumAttempts: 9), "bad": .dead, "down": .park("smtp"),
            ]
        )
        #expect(job.examples.mapValues { $0.map(text) } == [1: [#"{"to":"a"}"#], 3: [#"{"to":"b"}"#, #"{"to":"c"}"#]])
    }

    @Test func `has defaults for what is not declared`() throws {
        let manifest = try Manifest.read(Self.text, file: "a.yaml")
        let queue = try #require(manifest.queues["plain"])
        #expect(queue.lanes == [.normal])
        #expect(queue.concurrency == 16)
        #expect(queue.credit == nil)
        #expect(queue.maximumLength == 1_000_000)
        #expect(queue.lagThreshold == .seconds(300))
        #expect(queue.dependencies.isEmpty)
        let job = try #require(manifest.jobs["plain.job"])
        #expect(job.lane == .normal)
        #expect(job.version == 1)
        #expect(job.timeout == .seconds(60))
        #expect(job.retry == RetryPolicy())
        #expect(job.personalFields.isEmpty)
    }

    @Test func `routes each name, and each lane its queue has`() throws {
        let manifest = try Manifest.read(Self.text, file: "a.yaml")
        let routes = manifest.topology.routes.map { "\($0.routingKey) → \($0.address)" }
        #expect(
            routes == [
                "mail.send → mail.bulk", "mail.send.bulk → mail.bulk", "mail.send.high → mail.high",
                "plain.job → plain", "plain.job.normal → plain",
            ]
        )
        #expect(
            manifest.topology.queues == [
                Topology.Queue(name: "mail", lanes: [.high, .bulk], maximumLength: nil),
                Topology.Queue(name: "plain", lanes: [.normal], maximumLength: 1_000_000),
            ]
        )
        #expect(manifest.route("mail.send", lane: .normal) == nil)
        #expect(manifest.route("mail.send") == QueueAddress("mail", .bulk))
        #expect(manifest.route("no.such") == nil)
    }

    @Test func `a base beyond the default cap raises the cap, a cap below the default base lowers the base`() throws {
        func policy(_ retry: String) throws -> RetryPolicy? {
            let text =
                "queues: { q: {} }\njobs: { a.b: { summary: s, queue: q, retry: \(retry), examples: { 1: [{}] } } }"
            return try Manifest.read(text, file: "a.yaml").jobs["a.b"]?.retry
        }
        #expect(try policy("{ base: 1h }") == RetryPolicy(base: .seconds(3600), cap: .seconds(3600)))
        #expect(try policy("{ cap: 2s }") == RetryPolicy(base: .seconds(2), cap: .seconds(2)))
    }

    @Test func `an empty file and one of comments declare nothing`() throws {
        #expect(try Manifest.read("", file: "a.yaml") == Manifest())
        #expect(try Manifest.read("# later\n---\n", file: "a.yaml") == Manifest())
    }

    @Test func `the repository's own declarations load`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../jobs")
            .standardizedFileURL
        let manifest = try Manifest.load(directory: root.path(percentEncoded: false))
        #expect(manifest.route("system.probe") == QueueAddress("system"))
        #expect(manifest.route("system.probe", lane: .high) == QueueAddress("system", .high))
        #expect(
            manifest.jobs["system.probe"]?.retry
                == RetryPolicy(base: .milliseconds(200), cap: .seconds(5), maximumAttempts: 5)
        )
        #expect(manifest.queues["notifications_email"]?.dependencies == ["smtp", "ses"])
        #expect(manifest.jobs["notification.email"]?.personalFields.contains("to") == true)
        for job in manifest.jobs.values {
            for payload in try #require(job.examples[job.version]) {
                #expect(throws: Never.self) { try PayloadLimits.check(payload) }
                #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(payload)) }
            }
        }
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
