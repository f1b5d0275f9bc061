import Admin
import ArgumentParser
import Foundation
import JobCore

/// A worker as `jobctl work` runs it: pools and loops.
struct WorkChild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "work", shouldDisplay: false)

    @Option(help: "Starts after which to report; 0 for never.")
    var expect = 0

    func run() async throws {
        ParentWatch.start()
        let stage = try BenchStage.fromEnvironment()
        let recorder = StartRecorder(expected: expect)
        var registry = JobRegistry()
        registry.register(BenchProbe.self) { _ in BenchProbeWorker(recorder: recorder) }
        let platform = try await stage.open(.daemon)
        let daemon = Daemon(
            platform: platform,
            manifest: try stage.manifest(),
            registry: registry,
            resources: WorkerResources(
                environment: ProcessInfo.processInfo.environment,
                jobsDirectory: stage.configuration.jobsDirectory,
                logger: stage.logger
            ),
            parts: Daemon.Parts(),
            logger: stage.logger
        )
        let reporting = Task {
            for await report in recorder.reports { try Report.send(report) }
        }
        try await daemon.run()
        reporting.cancel()
        await platform.close()
    }
}
