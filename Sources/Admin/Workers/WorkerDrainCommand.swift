import ArgumentParser
import JobCore

struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "One worker process.",
        subcommands: [WorkerDrainCommand.self]
    )
}

struct WorkerDrainCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Let processes end as a SIGTERM would: what runs ends, what was fetched goes back unharmed.",
        discussion: """
            What starts them again, such as systemd, does so: a new build takes the place of an old one.

            jobctl worker drain --build 2026.11.3 --reason "rolling back"
            """
    )

    @Argument(help: "A process's id, as workers shows it.") var id: String?
    @Option(help: "All processes of this build.") var build: String?
    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        guard (id == nil) != (build == nil) else {
            throw CommandFailure.usage("which process?", remedy: "an id of jobctl workers, or --build B")
        }
        try await context.withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            let living = try await platform.store.workers().filter { worker in
                worker.state != .gone && (id == nil || worker.id == id) && (build == nil || worker.build == build)
            }
            guard !living.isEmpty else {
                let what =
                    id.map { "no living process has the id \($0)" } ?? "no living process is of build \(build ?? "")"
                throw CommandFailure(.failed, "not_found", what, remedy: "jobctl workers")
            }
            let deed = "drain \(living.count) worker process\(living.count == 1 ? "" : "es") on \(platform.display)"
            try await Confirmation(deed: deed, word: String(living.count)).obtain(consent, context)
            let operation = JobCore.Operation(
                kind: "worker.drain",
                subject: id ?? "--build \(build ?? "")",
                actor: context.actor,
                reason: reason.reason,
                detail: ["workers": .list(living.map(\.id))]
            )
            let asked = try await platform.store.drainWorkers(id: id, build: build, operation)
            if output.json {
                return context.output.print([
                    "operation": .text(operation.id), "workers": .array(asked.map { .text($0) }),
                ])
            }
            context.output.print("\(asked.count) asked to drain, operation \(operation.id)")
            for worker in asked { context.output.print("  \(worker)") }
        }
    }
}
