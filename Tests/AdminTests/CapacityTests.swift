import Testing

@testable import Admin
@testable import JobCore

@Suite struct CapacityTests {
    @Test func `says how many workers, and what waits follow`() async throws {
        let bench = try CommandBench()
        let arguments = ["capacity", "--arrival", "4500/s", "--service", "5.65ms", "--lag-goal", "5m"]
        let answer = try await bench.run(list: arguments + ["--json"]).object()
        #expect(answer["workers"] as? Int == 2 && answer["slots"] as? Int == 32)
        #expect((answer["p95_wait_seconds"] as? Double ?? 1) < 0.01)
        let table = try await bench.run(list: arguments).out
        #expect(table.contains("159 %") && table.contains("grows") && table.contains("never"))
        let tight = try await bench.run(
            list: [
                "capacity", "--arrival", "40/s", "--service", "1.2s", "--lag-goal", "10ms", "--utilisation", "99%",
                "--json",
            ]
        ).object()
        #expect((tight["slots"] as? Int ?? 0) > 50, "the goal rules here")
        for wrong in [
            ["--arrival", "many"], ["--service", "soon"], ["--concurrency", "0"], ["--utilisation", "80"],
        ] {
            let base = ["capacity", "--arrival", "1/s", "--service", "1s"]
            #expect(try await bench.run(list: base + wrong).status == .usage, "\(wrong)")
        }
    }

    @Test func `the parts of a load come in their shares, mixed`() {
        let names = (0..<100).map { LoadPlan.part($0).name }
        for part in LoadPlan.mix { #expect(names.count { $0 == part.name } == part.percent) }
        #expect(Set(names.prefix(8)).count >= 3)
        let plan = LoadPlan(kind: .peak, peak: 300, jobsPerRequest: 3, compress: 60)
        #expect(plan.height == 1800 && plan.length == .seconds(60))
        let rates = (0..<60).map { plan.rate(at: .seconds($0)) }
        #expect(rates[0] == 0 && rates.max() ?? 0 <= 1800 && rates.max() ?? 0 > 1700)
        #expect(plan.rate(at: .seconds(60)) == 0)
    }

    @Test func `a verdict names what does not hold`() {
        var result = LoadResult()
        let goals = LoadGoals(lag: .seconds(300), wait: .seconds(2))
        func failed() -> [String] { LoadVerdict(result, goals).checks.filter { !$0.holds }.map(\.name) }
        #expect(failed() == ["lag", "p95 wait", "lost"], "nothing measured is nothing proven")
        func sample(_ lag: Duration?, _ memory: Int64) -> LoadSample {
            LoadSample(at: .seconds(1), wanted: 1, enqueued: 1, done: 1, ready: 0, lag: lag, memory: memory)
        }
        result.samples = [sample(.seconds(1), 50 << 20), sample(.seconds(2), 60 << 20), sample(.seconds(2), 70 << 20)]
        result.confirmed = 10
        result.ended = 10
        result.wait = LatencyHistogram(jobs: [LatencyHistogram.bucket(100): 10])
        #expect(failed() == [])
        result.samples.append(sample(.seconds(301), 90 << 20))
        result.ended = 9
        result.refused = ["queue_full": 1]
        #expect(failed() == ["lag", "memory", "lost", "refused"])
    }
}
