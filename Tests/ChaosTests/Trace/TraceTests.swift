import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// Spans of real processes, read by OpenTelemetry's own definitions.
    @Suite(.serialized, .timeLimit(.minutes(15))) struct `Traces` {
        @Test(arguments: Ground.profiles)
        func `lead from the caller's span through the broker to each attempt`(_ profile: Profile) async throws {
            let port = try FreePort.take()
            let ground = try await Ground.prepare(
                profile,
                "traces",
                adding: ["JOBS_OTLP_URL": "http://127.0.0.1:\(port)"]
            )
            let peer = try ChildProcess(
                "\(Ground.checkout)/.run/venv/bin/python",
                ["\(Ground.checkout)/Tests/ChaosTests/Trace/otlp.py", "\(port)"],
                environment: ["PATH": "/usr/bin:/bin"],
                output: ground.folder + "/otlp.log"
            )
            try await until("the peer listens") { FreePort.isOpen(port) }
            let line = """
                {"payload":{"fail_attempts":1},"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
                {"payload":{},"traceparent":"00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}

                """
            try line.write(toFile: ground.folder + "/jobs.ndjson", atomically: true, encoding: .utf8)
            let enqueue = try ground.start(
                ["enqueue", "system.probe", "--ndjson", ground.folder + "/jobs.ndjson"],
                log: "enqueue"
            )
            #expect(await enqueue.ended() == .status(0))
            let worker = try ground.start(["work", "--queues", "system"], log: "worker")
            var spans: [SpanLine] = []
            try await until("both attempts are told", within: .seconds(60)) {
                spans = try SpanLine.read(ground.folder + "/otlp.log")
                return spans.count { $0.name == "attempt:system.probe" } == 2
            }
            worker.signal(SIGTERM)
            #expect(await worker.ended() == .status(0))
            peer.signal(SIGKILL)
            await peer.ended()
            #expect(Set(spans.map(\.trace)) == ["0af7651916cd43dd8448eb211c80319c"], "the other was not to be sampled")
            let enqueued = try #require(spans.first { $0.name == "enqueue:system.probe" })
            #expect(enqueued.parent == "b7ad6b7169203331")
            // One after the other: enqueue, publish, attempt that fails, the promoter's publish, attempt.
            var chain = [enqueued]
            for name in ["publish", "attempt"] {
                let next = try #require(
                    spans.first { $0.name == "\(name):system.probe" && $0.parent == chain.last?.id }
                )
                chain.append(next)
            }
            #expect(chain[2].error == "probe_failure")
            let again = try #require(spans.first { $0.name == "publish:system.probe" && $0.parent == chain[1].id })
            let last = try #require(spans.first { $0.name == "attempt:system.probe" && $0.parent == again.id })
            #expect(last.error == "-")
            #expect(spans.count == 5)
            #expect(spans.allSatisfy { $0.nanoseconds >= 0 })
            await ground.platform.close()
        }
    }
}

private struct SpanLine {
    let trace: String
    let id: String
    let parent: String
    let error: String
    let nanoseconds: Int64
    let name: String

    static func read(_ path: String) throws -> [SpanLine] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { line in
            let parts = line.split(separator: " ").map(String.init)
            guard parts.count == 8, parts[0] == "span" else { throw StageError("the peer says: \(line)") }
            return SpanLine(
                trace: parts[1],
                id: parts[2],
                parent: parts[3],
                error: parts[5],
                nanoseconds: Int64(parts[6]) ?? -1,
                name: parts[7]
            )
        }
    }
}
