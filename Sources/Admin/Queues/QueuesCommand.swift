import ArgumentParser
import JobCore

struct QueuesCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues",
        abstract: "List the queues: what they hold, how late they are, who serves them.",
        discussion: """
            --watch shows them live: ↑ ↓ choose a lane, Enter looks into it (workers, dead letters), Esc leads back, q ends. Piped, it
            prints a line a lane each second.

            jobctl queues
            jobctl queues --watch
            """
    )

    @Flag(help: "Live, once a second.") var watch = false

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.withPlatform(.look) { platform in
            let thresholds = context.manifestIfAny()?.queues.mapValues(\.lagThreshold) ?? [:]
            if watch {
                let live = QueuesWatch(platform, thresholds: thresholds, output: context.output)
                return try await live.run(asJSON: output.json)
            }
            let reports = try await LaneReport.all(platform, thresholds: thresholds, output: context.output)
            if output.json {
                var list = context.output.list()
                for report in reports { list.append(report.json) }
                list.end()
            } else {
                print(reports, platform, context.output)
            }
        }
    }

    private func print(_ reports: [LaneReport], _ platform: Platform, _ output: CommandOutput) {
        var table = Table(
            platform.display,
            [
                ("QUEUE", .left), ("READY", .right), ("RUNNING", .right), ("WAITING", .right), ("OVERDUE", .right),
                ("DEAD", .right), ("WORKERS", .right), ("LAG", .right), ("VERDICT", .left), ("STATE", .left),
                ("DONE", .right),
                ("P50", .right), ("P95", .right),
            ]
        )
        for report in reports {
            let lag = Spoken.duration(report.lag.lag)
            table.append([
                report.address.name, Spoken.count(report.ready), Spoken.count(report.running),
                Spoken.count(report.waiting), Spoken.count(report.overdue), Spoken.count(report.dead),
                Spoken.count(report.workers), report.lag.isEstimated ? "≤ \(lag)" : lag, report.verdict.rawValue,
                report.state.rawValue,
                Spoken.count(report.flow.done), milliseconds(report.flow.latency.percentile(0.5)),
                milliseconds(report.flow.latency.percentile(0.95)),
            ])
        }
        table.end(to: output, empty: "no queues: jobctl topology apply declares those of jobs/")
        var told: Set<String> = []
        for report in reports where report.state != .running && told.insert(report.address.queue).inserted {
            let until = report.until.map { ", until \($0)" } ?? ""
            output.print("\(report.address.queue) is \(report.state.rawValue): \(report.reason ?? "")\(until)")
        }
    }

    private func milliseconds(_ value: Int64?) -> String {
        value.map { Spoken.duration(.milliseconds($0)) } ?? "-"
    }
}

extension LaneReport {
    /// Asks broker and store. A broker that does not answer leaves its part unknown: what the store knows is shown.
    static func all(
        _ platform: Platform,
        thresholds: [String: Duration],
        output: CommandOutput,
        isQuiet: Bool = false
    ) async throws -> [LaneReport] {
        let queues = try await platform.store.lanes().brokerQueues
        var depths: [String: QueueDepth]?
        do throws(BrokerError) {
            depths = try await platform.broker.depths(queues)
        } catch {
            if !isQuiet { output.warn(CommandFailure(error).message) }
        }
        // Read after the depths: what was taken and what is ready belong to one moment.
        return all(of: try await platform.lanes(), depths: depths, thresholds: thresholds)
    }

    /// What is not measured yet is null, never 0.
    var json: JSONValue {
        [
            "queue": .text(address.queue), "lane": .text(address.lane.rawValue), "ready": .int(ready),
            "running": .int(running), "waiting": .int(waiting), "overdue": .int(overdue), "dead": .int(dead),
            "workers": .int(workers), "state": .text(state.rawValue), "reason": .string(reason),
            "until": .instant(until),
            "lag_seconds": .seconds(lag.lag), "verdict": .text(verdict.rawValue), "in_rate": .rate(inRate),
            "out_rate": .rate(outRate), "drain_seconds": .seconds(forecast.drain),
            "breach_in_seconds": .seconds(forecast.breach), "threshold_seconds": .seconds(threshold),
            "ok": .bool(isOK), "workers_wanted": .int(forecast.workersWanted),
            "lag_estimated": .bool(lag.isEstimated), "lag_low_seconds": .seconds(lag.low),
            "done_total": .int(flow.done), "retried_total": .int(flow.retried), "dead_total": .int(flow.dead),
            "shed_total": .int(flow.shed),
            "p50_ms": .int(flow.latency.percentile(0.5)), "p95_ms": .int(flow.latency.percentile(0.95)),
        ]
    }
}
