import ArgumentParser
import Foundation
import JobCore

struct LoadCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Enqueue as many jobs as a peak brings, and judge lag, waits, memory and losses.",
        discussion: """
            Probes that take as long as the families' jobs (docs/capacity.md) go to the platform's own queue `system`. Workers must
            run, and nothing else should use that queue meanwhile. Of the named peak: normal 1.2 times, peak 2, stress 5,
            endurance 1.5. Exits 3 when the verdict is bad.

            jobctl load peak --peak 300/s --report peak.html
            jobctl load endurance --peak 300/s --compress 60
            """
    )

    @Argument(help: "normal, peak, stress or endurance.") var kind: String
    @Option(help: "Requests at the peak: 300/s.") var peak: String
    @Option(help: "Jobs that a request brings, 1…100.") var jobsPerRequest = 3
    @Option(help: "A real hour takes so many times less, 1…3600.") var compress = 60
    @Option(help: "The largest lag that is good.") var maxLag = "5m"
    @Option(help: "95 % of the jobs are to be done within this time after their enqueue.") var maxWait = "2s"
    @Option(help: "A file for the report with plots, HTML.") var report: String?
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        guard let kind = LoadPlan.Kind(rawValue: kind) else {
            let known = LoadPlan.Kind.allCases.map(\.rawValue)
            throw CommandFailure.usage("\"\(kind)\" is no load; \(NearestWord.advice(kind, known))")
        }
        guard (1...100).contains(jobsPerRequest) else {
            throw CommandFailure.usage("--jobs-per-request must be 1 to 100")
        }
        guard (1...3600).contains(compress) else { throw CommandFailure.usage("--compress must be 1 to 3600") }
        let plan = LoadPlan(
            kind: kind,
            peak: try RateText.perSecond(peak, "--peak"),
            jobsPerRequest: jobsPerRequest,
            compress: compress
        )
        let goals = LoadGoals(lag: try duration(maxLag, "--max-lag"), wait: try duration(maxWait, "--max-wait"))
        let quiet = output.json
        let output = context.output
        try await context.withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            try await requireWorkers(platform)
            if !quiet { output.print(platform.display) }
            let run = LoadRun(
                platform: platform,
                client: JobClient(broker: platform.broker, store: platform.store),
                plan: plan
            ) { line in if !quiet { output.error(line) } }
            let result = try await run.run()
            let verdict = LoadVerdict(result, goals)
            if let report {
                let page = LoadReport(plan: plan, result: result, verdict: verdict, display: platform.display).html
                try Data(page.utf8).write(to: URL(filePath: report), options: .atomic)
            }
            if quiet {
                output.print(verdict.json(plan, report))
            } else {
                for check in verdict.checks {
                    output.print("\(check.holds ? "ok  " : "BAD ") \(check.name): \(check.words)")
                }
                if let report { output.print("report: \(report)") }
            }
            if !verdict.isGood { throw ExitRequest(.checkFailed) }
        }
    }

    private func requireWorkers(_ platform: Platform) async throws {
        let workers = try await platform.store.workers()
        guard !workers.contains(where: { $0.state == .up && $0.queues.contains { $0.hasPrefix(LoadRun.queue) } }) else {
            return
        }
        throw CommandFailure(
            .failed,
            "no_workers",
            "no process works on the queue \(LoadRun.queue)",
            remedy: "jobctl work --queues \(LoadRun.queue)"
        )
    }

    private func duration(_ text: String, _ option: String) throws -> Duration {
        guard let duration = Duration(manifest: text), duration > .zero else {
            throw CommandFailure.usage("\(option) \(text) is not a duration", remedy: Duration.manifestForm)
        }
        return duration
    }
}

struct LoadGoals: Sendable {
    let lag: Duration
    let wait: Duration
}

/// What was measured against what was wanted. Pure.
struct LoadVerdict: Sendable {
    struct Check: Sendable, Equatable {
        let name: String
        let holds: Bool
        let words: String
    }

    /// Memory of the workers may grow by so much behind the first third: a tenth and what allocators keep.
    static func allowedGrowth(of memory: Int64) -> Int64 { memory / 10 + 20 << 20 }

    /// Waits are told in milliseconds: those of a second are long.
    private static func spoken(_ wait: Duration?) -> String {
        wait.map { $0 < .seconds(10) ? "\($0.milliseconds) ms" : Spoken.duration($0) } ?? Spoken.unknown
    }

    let checks: [Check]
    private let result: LoadResult

    init(_ result: LoadResult, _ goals: LoadGoals) {
        self.result = result
        let lag = result.largestLag
        let wait = result.wait.percentile(0.95).map { Duration.milliseconds($0) }
        let memory = result.memory
        let growth = memory.after - memory.before
        let refused = result.refused.values.reduce(0, +)
        checks = [
            Check(
                name: "lag",
                holds: lag.map { $0 <= goals.lag } ?? false,
                words: "at most \(Spoken.duration(lag)), wanted \(Spoken.duration(goals.lag))"
            ),
            Check(
                name: "p95 wait",
                holds: wait.map { $0 <= goals.wait } ?? false,
                words: "\(Self.spoken(wait)) from enqueue to done, wanted \(Self.spoken(goals.wait))"
            ),
            Check(
                name: "memory",
                holds: growth <= LoadVerdict.allowedGrowth(of: memory.before),
                words: "\(memory.before >> 20) MB, then at most \(memory.after >> 20) MB"
            ),
            Check(
                name: "lost",
                holds: result.lost == 0 && result.dead == 0 && result.confirmed > 0,
                words: "\(result.lost) of \(result.confirmed) confirmed, \(result.dead) dead"
            ),
            Check(
                name: "refused",
                holds: refused == 0,
                words: refused == 0
                    ? "0"
                    : result.refused.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            ),
            Check(
                name: "rate",
                holds: result.late < .seconds(2),
                words: "the generator was \(Spoken.duration(max(.zero, result.late))) late at most"
            ),
        ]
    }

    var isGood: Bool { checks.allSatisfy(\.holds) }

    func json(_ plan: LoadPlan, _ report: String?) -> JSONValue {
        let memory = result.memory
        return [
            "load": .text(plan.kind.rawValue), "jobs_per_second": .double(plan.height.rounded()),
            "length_seconds": .seconds(plan.length), "confirmed": .int(result.confirmed),
            "lost": .int(Int(result.lost)), "dead": .int(Int(result.dead)),
            "refused": .object(result.refused.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) }),
            "lag_seconds": .seconds(result.largestLag),
            "p50_wait_seconds": .seconds(result.wait.percentile(0.5).map { .milliseconds($0) }),
            "p95_wait_seconds": .seconds(result.wait.percentile(0.95).map { .milliseconds($0) }),
            "memory_bytes": .int(Int(memory.before)), "memory_after_bytes": .int(Int(memory.after)),
            "late_seconds": .seconds(max(.zero, result.late)), "report": .string(report), "ok": .bool(isGood),
            "failed": .array(checks.filter { !$0.holds }.map { .text($0.name) }),
        ]
    }
}
