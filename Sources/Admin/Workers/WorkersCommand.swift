import ArgumentParser
import JobCore

struct WorkersCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "List the worker processes of the last day and what they run.",
        discussion: """
            jobctl workers
            """
    )

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.withPlatform(.look) { platform in
            let workers = try await platform.store.workers()
            if output.json {
                var list = context.output.list()
                for worker in workers { list.append(worker.json) }
                return list.end()
            }
            var table = Table(
                platform.display,
                [
                    ("ID", .left), ("STATE", .left), ("HOST", .left), ("PID", .right), ("BUILD", .left),
                    ("RUNNING", .right), ("OLDEST", .right), ("HEARTBEAT", .right), ("QUEUES", .left),
                ]
            )
            for worker in workers {
                table.append([
                    worker.id, worker.state.rawValue, worker.host, String(worker.pid), worker.build,
                    String(worker.runningTotal),
                    worker.running.first.map { Spoken.duration(.seconds($0.ageSeconds)) } ?? "-",
                    "\(Spoken.duration(worker.heartbeatAge)) ago", worker.queues.joined(separator: " "),
                ])
            }
            table.end(to: context.output, empty: "no worker within a day: jobctl work")
        }
    }
}

extension WorkerRecord {
    fileprivate var runningTotal: Int { max(running.count, runningCounts.values.reduce(0, +)) }

    var json: JSONValue {
        [
            "id": .text(id), "host": .text(host), "pid": .int(pid), "build": .text(build),
            "queues": .array(queues.map { .text($0) }),
            "running": .array(
                running.map {
                    [
                        "id": .text($0.id), "job": .text($0.job), "age_seconds": .seconds(.seconds($0.ageSeconds)),
                        "progress": $0.progress.map { .double($0) } ?? .null,
                    ]
                }
            ),
            "heartbeat_age_seconds": .seconds(heartbeatAge), "state": .text(state.rawValue),
        ]
    }
}
