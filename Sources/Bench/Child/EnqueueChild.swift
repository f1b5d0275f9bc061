import Admin
import ArgumentParser
import Foundation
import JobCore

/// A producer: enqueues a number of typed probes and reports when all are confirmed.
struct EnqueueChild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "enqueue", shouldDisplay: false)

    @Option(help: "Jobs in all.")
    var count: Int

    @Option(help: "Callers at once; each waits for its confirmation before its next call.")
    var callers = 1

    @Option(help: "Jobs in one call.")
    var batch = 1

    @Option(help: "Calls a second, of one job each, whatever becomes of earlier ones; 0 for as fast as callers can.")
    var rate = 0

    func run() async throws {
        ParentWatch.start()
        let stage = try BenchStage.fromEnvironment()
        let platform = try await stage.open(.change)
        let load = Load(client: JobClient(broker: platform.broker, store: platform.store), count: count)
        let (wall, cpu) = (Clock.wall, Clock.cpu)
        let calls =
            rate > 0
            ? try await load.paced(rate: rate)
            : try await load.closed(callers: callers, batch: batch)
        try Report.send(
            EnqueueReport(
                count: count,
                beganAt: wall,
                endedAt: Clock.wall,
                cpu: Clock.cpu - cpu,
                call: Percentiles(calls)
            )
        )
        await platform.close()
    }
}
