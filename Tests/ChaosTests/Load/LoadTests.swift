import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// `jobctl load` against a worker process: the seed's first peak in full, a little of it in short.
    @Suite(.serialized, .timeLimit(.minutes(15))) struct Load {
        @Test(arguments: Ground.profiles)
        func `is carried, judged and shown, and a bad goal is told`(_ profile: Profile) async throws {
            let ground = try await Ground.prepare(profile, "load")
            let shell = OperatorShell(ground: ground)
            let alone = try await shell.run("load", "peak", "--peak", "300/s", "--json")
            #expect(alone.status == 1 && alone.error.contains("jobctl work --queues system"))

            let worker = try ground.start(["work", "--queues", "system"], log: "worker")
            try await until("the worker is up") {
                try await ground.platform.store.workers().contains { $0.state == .up }
            }
            let report = ground.folder + "/report.html"
            let arguments = ["load", "peak", "--peak", Ground.isFull ? "300/s" : "60/s", "--json"]
            let run = try await shell.run(
                list: arguments + ["--compress", Ground.isFull ? "60" : "600", "--report", report]
            )
            let result = run.object
            print(
                "load \(profile.rawValue): \(result["confirmed"] ?? 0) at \(result["jobs_per_second"] ?? 0)/s, lost "
                    + "\(result["lost"] ?? "?"), lag \(result["lag_seconds"] ?? "?") s, p95 \(result["p95_wait_seconds"] ?? "?") s"
            )
            #expect(run.status == 0 && result["ok"] as? Bool == true, "\(run.error)")
            #expect(result["lost"] as? Int == 0 && (result["confirmed"] as? Int ?? 0) > 1000)
            let page = try String(contentsOfFile: report, encoding: .utf8)
            #expect(page.components(separatedBy: "<svg").count == 5 && page.contains("<h1>peak: good</h1>"))
            #expect(!page.contains("http://") || !page.contains("src="), "nothing is fetched from elsewhere")

            let strict = try await shell.run(
                list: ["load", "normal", "--peak", "10/s", "--compress", "1800", "--max-wait", "1ms", "--json"]
            )
            #expect(strict.status == 3 && strict.object["failed"] as? [String] == ["p95 wait"])
            worker.signal(SIGTERM)
            await worker.ended()
            await ground.platform.close()
        }
    }
}
