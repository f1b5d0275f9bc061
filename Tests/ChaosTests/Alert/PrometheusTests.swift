import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// A real Prometheus scrapes a real process and fires the rules in docs/prometheus.
    @Suite(.serialized, .timeLimit(.minutes(15))) struct `Metrics` {
        @Test func `scrapes a process, and fires the shipped rules`() async throws {
            let ground = try await Ground.prepare(.embedded, "prometheus")
            let port = try FreePort.take()
            let scheduler = try ground.start(["scheduler", "--http", "127.0.0.1:\(port)"], log: "scheduler")
            let page = try await ground.page(port, "metrics")
            let pagePath = ground.folder + "/metrics.txt"
            try page.write(toFile: pagePath, atomically: true, encoding: .utf8)
            let lint = try ChildProcess(
                "/bin/sh",
                ["-c", "promtool check metrics < '\(pagePath)'"],
                environment: ["PATH": "/usr/bin:/bin"],
                output: ground.folder + "/promtool.log"
            )
            let verdict = await lint.ended()
            let said = try String(contentsOfFile: ground.folder + "/promtool.log", encoding: .utf8)
            #expect(verdict == .status(0), "\(said)")
            #expect(try await ground.page(port, "healthz") == "ok\n")
            #expect(try await ground.page(port, "readyz") == "ready\n")

            let prometheus = try await PrometheusServer.start(scraping: port, in: ground.folder)
            #expect(try await ClientSink(ground).enqueue([Probe(job: SystemProbe())]).count == 1)
            try await until("the rule fires", within: .seconds(60)) {
                try await prometheus.firing().contains("JobsNoWorkers")
            }
            #expect(try await prometheus.firing().contains("JobsPlatformDown") == false)
            let worker = try ground.start(["work", "--no-loops", "--queues", "system"], log: "worker")
            try await until("it is over", within: .seconds(60)) {
                try await prometheus.firing().contains("JobsNoWorkers") == false
            }
            scheduler.signal(SIGTERM)
            worker.signal(SIGTERM)
            #expect(await scheduler.ended() == .status(0))
            await worker.ended()
            await prometheus.stop()
            await ground.platform.close()
        }
    }
}

private struct PrometheusServer {
    private let child: ChildProcess
    private let port: UInt16

    static func start(scraping target: UInt16, in folder: String) async throws -> PrometheusServer {
        let port = try FreePort.take()
        let configuration = folder + "/prometheus.yml"
        try """
        global: { scrape_interval: 1s, evaluation_interval: 1s }
        rule_files: [ "\(Ground.checkout)/docs/prometheus/rules.yml" ]
        scrape_configs: [ { job_name: jobs, static_configs: [ { targets: [ "127.0.0.1:\(target)" ] } ] } ]
        """.write(toFile: configuration, atomically: true, encoding: .utf8)
        let child = try ChildProcess(
            "/usr/bin/prometheus",
            [
                "--config.file=\(configuration)", "--storage.tsdb.path=\(folder)/prometheus",
                "--web.listen-address=127.0.0.1:\(port)",
            ],
            environment: ["PATH": "/usr/bin:/bin"],
            output: folder + "/prometheus.log"
        )
        let started = PrometheusServer(child: child, port: port)
        try await until("Prometheus answers", within: .seconds(30)) {
            _ = try await started.firing()
            return true
        }
        return started
    }

    func firing() async throws -> Set<String> {
        guard let address = URL(string: "http://127.0.0.1:\(port)/api/v1/alerts") else {
            throw StageError("no address")
        }
        let bytes = try await Task.detached { try Data(contentsOf: address) }.value
        let answer = try JSONSerialization.jsonObject(with: bytes) as? [String: Any]
        let alerts = (answer?["data"] as? [String: Any])?["alerts"] as? [[String: Any]] ?? []
        let firing = alerts.filter { $0["state"] as? String == "firing" }
        return Set(firing.compactMap { ($0["labels"] as? [String: String])?["alertname"] })
    }

    func stop() async {
        child.signal(SIGTERM)
        await child.ended()
    }
}

extension Ground {
    fileprivate func page(_ port: UInt16, _ path: String) async throws -> String {
        guard let address = URL(string: "http://127.0.0.1:\(port)/\(path)") else { throw StageError("no address") }
        var text = ""
        try await until("\(path) answers", within: .seconds(20)) {
            let bytes = try await Task.detached { try Data(contentsOf: address) }.value
            text = String(decoding: bytes, as: UTF8.self)
            return !text.isEmpty
        }
        return text
    }
}
