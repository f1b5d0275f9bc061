import ArgumentParser
import JobCore
import Logging

/// `jobctl lag --max 5m`: for cron, Nagios and people. Right without any daemon alive.
struct LagCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "lag",
        abstract: "Say how late each queue is; exits 3 when one is later than --max, or cannot be told.",
        discussion: """
            Lag is the age of the oldest job that could run now: ready in the broker, fetched and not started, or waiting past
            its due time. Unknown is never ok. Without --max each queue's own lag_threshold counts.

            jobctl lag --max 5m
            jobctl lag --queue system --json
            """
    )

    @Option(help: "The largest lag that is ok, such as 5m. Default: each queue's lag_threshold.")
    var max: String?

    @Option(help: "A queue, or one of its lanes (system.bulk). Default: all.")
    var queue: String?

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let limit = try max.map { text in
            guard let limit = Duration(manifest: text) else {
                throw CommandFailure.usage("--max \(text) is not a duration", remedy: Duration.manifestForm)
            }
            return limit
        }
        try await context.withPlatform(.look) { platform in
            await sampleIfStale(platform, context)
            let thresholds = context.manifestIfAny()?.queues.mapValues(\.lagThreshold) ?? [:]
            var reports = try await LaneReport.all(platform, thresholds: thresholds, output: context.output)
            reports.removeAll { $0.address.queue == Topology.unroutableQueue }
            if let queue {
                let known = reports.map(\.address)
                reports = reports.filter { $0.address.queue == queue || $0.address.name == queue }
                guard !reports.isEmpty else { throw unknown(queue, known) }
            }
            print(reports, limit, platform, context.output)
            let late = reports.filter { !LagCommand.isOK($0, limit) }
            guard late.isEmpty else { throw ExitRequest(.checkFailed) }
        }
    }

    private static func isOK(_ report: LaneReport, _ limit: Duration?) -> Bool {
        report.lag.lag.map { $0 <= limit ?? report.threshold } ?? false
    }

    private func unknown(_ queue: String, _ known: [QueueAddress]) -> CommandFailure {
        let names = Set(known.map(\.queue)).sorted().joined(separator: ", ")
        return .usage(
            "no queue is called \"\(queue)\"",
            remedy: names.isEmpty ? "jobctl topology apply" : "one of \(names)"
        )
    }

    private func sampleIfStale(_ platform: Platform, _ context: CommandContext) async {
        do {
            try await platform.sampleLanes()
        } catch {
            // The answer itself asks both again, and says what it could not learn.
            context.logger.debug("not sampled", metadata: [LogKey.error: "\(error)"])
        }
    }

    private func print(_ reports: [LaneReport], _ limit: Duration?, _ platform: Platform, _ output: CommandOutput) {
        if self.output.json {
            var list = output.list()
            for report in reports { list.append(report.json) }
            return list.end()
        }
        var table = Table(
            platform.display,
            [
                ("QUEUE", .left), ("LAG", .right), ("AT LEAST", .right), ("MAX", .right), ("OK", .left),
                ("VERDICT", .left),
                ("READY", .right), ("IN/S", .right), ("OUT/S", .right), ("DRAINED IN", .right), ("BREACH IN", .right),
                ("WORKERS", .right), ("WANTED", .right),
            ]
        )
        for report in reports {
            table.append([
                report.address.name, Spoken.duration(report.lag.lag), Spoken.duration(report.lag.low),
                Spoken.duration(limit ?? report.threshold), LagCommand.isOK(report, limit) ? "yes" : "NO",
                report.verdict.rawValue, Spoken.count(report.ready), Spoken.rate(report.inRate),
                Spoken.rate(report.outRate), report.forecast.drain.map { Spoken.duration($0) } ?? "-",
                report.forecast.breach.map { Spoken.duration($0) } ?? "-", Spoken.count(report.workers),
                report.forecast.workersWanted.map(String.init) ?? "-",
            ])
        }
        table.end(to: output, empty: "no queues: jobctl topology apply declares those of jobs/")
    }
}
