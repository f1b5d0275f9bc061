import ArgumentParser
import Foundation
import JobCore

struct CapacityCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "capacity",
        abstract: "Say how many workers a queue needs for a goal of lag.",
        discussion: """
            By Erlang's formula for queues with several servers; docs/capacity.md says what it takes for granted, and how it
            compares with runs of `jobctl load`.

            jobctl capacity --arrival 900/s --service 25ms --lag-goal 5m
            jobctl capacity --arrival 40/s --service 1.2s --lag-goal 30s --concurrency 32 --json
            """
    )

    @Option(help: "Jobs that come: 900/s, 600/m.") var arrival: String
    @Option(help: "How long one takes in the mean: 25ms, 2s.") var service: String
    @Option(help: "95 % of the jobs are to wait no longer than this.") var lagGoal = "5m"
    @Option(help: "Jobs that one process runs at once, 1…1000.") var concurrency = 16
    @Option(help: "Standard deviation over mean of service times, 0…10: 0 all alike, 1 exponential.") var variation =
        1.0
    @Option(
        help: "At most this share of the slots is busy in the mean: room for a worker that dies and for a bad minute."
    )
    var utilisation = "80%"
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let arrival = try RateText.perSecond(arrival, "--arrival")
        let service = try seconds(service, "--service")
        let goal = try seconds(lagGoal, "--lag-goal")
        guard (1...1000).contains(concurrency) else { throw CommandFailure.usage("--concurrency must be 1 to 1000") }
        guard (0...10).contains(variation) else { throw CommandFailure.usage("--variation must be 0 to 10") }
        guard utilisation.hasSuffix("%"), let percent = Double(utilisation.dropLast()), (1...99).contains(percent)
        else {
            throw CommandFailure.usage("--utilisation must be 1% to 99%")
        }
        guard arrival * service < 1_000_000 else {
            throw CommandFailure.usage("\(Int(arrival * service)) jobs at once is beyond this model")
        }
        let model = QueueModel.fewest(
            arrival: arrival,
            service: service,
            goal: goal,
            variation: variation,
            maximumUtilisation: percent / 100
        )
        let workers = (model.slots + concurrency - 1) / concurrency
        if output.json { return context.output.print(json(model, workers, goal)) }
        context.output.print(
            "\(workers) worker\(workers == 1 ? "" : "s") of \(concurrency): \(model.slots) slots for \(spoken(model.load)) busy ones"
        )
        var table = Table(
            "",
            [
                ("WORKERS", .right), ("SLOTS", .right), ("BUSY", .right), ("MEAN WAIT", .right), ("P95 WAIT", .right),
                ("AN HOUR'S BACKLOG IS GONE IN", .right),
            ]
        )
        for count in max(1, workers - 1)...(workers + 2) {
            let option = QueueModel(
                arrival: arrival,
                service: service,
                slots: count * concurrency,
                variation: variation
            )
            let isStable = option.isStable
            table.append([
                String(count), String(option.slots), "\(Int((option.utilisation * 100).rounded())) %",
                isStable ? Self.spoken(option.meanWait) : "grows",
                isStable ? Self.spoken(option.wait(ofShare: 0.95)) : "grows",
                isStable ? Self.spoken(option.drain(arrival * 3600)) : "never",
            ])
        }
        table.end(to: context.output, empty: "")
    }

    /// Also fractions, which the declarations' durations have not: 5.65ms.
    private func seconds(_ text: String, _ option: String) throws -> Double {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]
        for (unit, seconds) in units where text.hasSuffix(unit) {
            if let count = Double(text.dropLast(unit.count)), count > 0, count <= 1e6 { return count * seconds }
        }
        guard let duration = Duration(manifest: text), duration > .zero else {
            throw CommandFailure.usage("\(option) \(text) is not a duration", remedy: Duration.manifestForm)
        }
        return duration.seconds
    }

    private func spoken(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    private static func spoken(_ seconds: Double) -> String {
        Spoken.duration(.milliseconds(Int64((min(seconds, 1e9) * 1000).rounded())))
    }

    private func json(_ model: QueueModel, _ workers: Int, _ goal: Double) -> JSONValue {
        func number(_ value: Double) -> JSONValue { value.isFinite ? .double((value * 1e6).rounded() / 1e6) : .null }
        return [
            "arrival_per_second": number(model.arrival), "service_seconds": number(model.service),
            "lag_goal_seconds": number(goal), "offered_load": number(model.load), "slots": .int(model.slots),
            "concurrency": .int(concurrency), "workers": .int(workers), "utilisation": number(model.utilisation),
            "mean_wait_seconds": number(model.meanWait), "p95_wait_seconds": number(model.wait(ofShare: 0.95)),
            "hour_backlog_drain_seconds": number(model.drain(model.arrival * 3600)),
        ]
    }
}
