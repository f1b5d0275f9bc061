import ArgumentParser
import Foundation
import JobCore

/// `jobctl dev`: everything in one process, for a developer's machine; with `--demo` a show that ends by itself.
struct DevCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Run everything in one process; --demo shows real jobs run, fail, wait, die and be replayed.",
        discussion: """
            jobctl dev
            jobctl dev --demo
            """
    )

    @Flag(help: "Enqueue jobs of every type, mend what kills some of them, replay those, print a summary and end.")
    var demo = false

    @Option(help: "With --demo: write the summary as JSON to this file.")
    var summary: String?

    @OptionGroup var listen: ListenOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        guard demo else {
            guard summary == nil else { throw CommandFailure.usage("--summary goes with --demo") }
            var parts = Daemon.Parts()
            parts.http = try listen.address
            return try await context.runDaemon(parts, try context.manifest())
        }
        try await runDemo(context)
    }

    private func runDemo(_ context: CommandContext) async throws {
        let configuration = try PlatformConfiguration.fromEnvironment(context.environment)
        let manifest = try context.manifest()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("jobs-demo-\(JobID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let platform = try await Platform.open(
            configuration,
            purpose: .daemon,
            families: context.registry.migrations,
            logger: context.logger
        )
        let run = DemoRun(
            platform: platform,
            manifest: manifest,
            registry: context.registry,
            resources: WorkerResources(
                environment: context.environment,
                jobsDirectory: context.jobsDirectory,
                logger: context.logger
            ),
            folder: folder,
            isTerminal: context.output.isStyled,
            logger: context.logger,
            show: { line in if !output.json { context.output.print(line) } }
        )
        do {
            let result = try await run.run()
            let json = String(decoding: try result.json(), as: UTF8.self)
            if output.json { context.output.print(json) }
            if let summary { try Data(json.utf8).write(to: URL(fileURLWithPath: summary)) }
            await platform.close()
        } catch {
            await platform.close()
            throw error
        }
    }
}
