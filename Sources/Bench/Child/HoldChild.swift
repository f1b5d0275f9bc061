import Admin
import ArgumentParser
import JobCore

/// Fetches jobs, starts none and waits for its end: when it is killed, all of them come back as redelivered.
struct HoldChild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "hold", shouldDisplay: false)

    @Option(help: "Deliveries after which to report.")
    var expect: Int

    func run() async throws {
        ParentWatch.start()
        let stage = try BenchStage.fromEnvironment()
        let platform = try await stage.open(.daemon)
        let began = Clock.wall
        let consumption = try await platform.broker.consume(BenchStage.queue, credit: expect)
        var held = 0
        while held < expect, let batch = await consumption.next() { held += batch.count }
        try Report.send(EnqueueReport(count: held, beganAt: began, endedAt: Clock.wall, cpu: Clock.cpu, call: nil))
        // Until it is killed, or its parent is gone.
        while await consumption.next() != nil {}
    }
}
