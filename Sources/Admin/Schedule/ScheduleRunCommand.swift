import ArgumentParser
import JobCore

struct ScheduleRunCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Fire a schedule now, beside its timetable; also one that is paused.",
        discussion: """
            jobctl schedule run analytics_daily --reason "numbers were late"
            """
    )

    @Argument(help: "The schedule's name.") var name: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let manifest = try context.manifest()
        let declaration = try context.schedule(name, in: manifest)
        try await context.withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            let book = try await platform.store.enter([declaration])
            let operation = Operation(
                kind: "schedule.run",
                subject: name,
                actor: context.actor,
                reason: reason.reason,
                detail: ["fire_at": .text(book.now.description)]
            )
            let fired = try await platform.store.fire(
                declaration,
                version: manifest.jobs[declaration.job]?.version ?? 1,
                at: [book.now],
                kind: .manual,
                operation
            )
            let fire = try await platform.store.fires(name, limit: 100).first { $0.instant == book.now }
            if output.json {
                return context.output.print([
                    "operation": .text(operation.id), "schedule": .text(name), "fired": .int(fired),
                    "fire": fire?.json ?? .null,
                ])
            }
            switch fire?.state {
            case .skipped: context.output.print("skipped: an earlier fire has not ended (overlap: skip)")
            case .queued: context.output.print("queued behind an earlier fire, operation \(operation.id)")
            default:
                context.output.print("fired, job \(fire?.jobID.description ?? "?"), operation \(operation.id)")
            }
        }
    }
}

struct SchedulePauseCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Stop a schedule from firing until it is resumed; what is fired already goes on.",
        discussion: """
            jobctl schedule pause analytics_daily --reason "source is down"
            """
    )

    @Argument(help: "The schedule's name.") var name: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.setPaused(name, true, reason, output)
    }
}

struct ScheduleResumeCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let a paused schedule fire again, from its next instant on; `backfill` runs what lies between.",
        discussion: """
            jobctl schedule resume analytics_daily
            """
    )

    @Argument(help: "The schedule's name.") var name: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.setPaused(name, false, reason, output)
    }
}

extension CommandContext {
    fileprivate func setPaused(
        _ name: String,
        _ isPaused: Bool,
        _ reason: ReasonOption,
        _ options: OutputOptions
    ) async throws {
        let declaration = try schedule(name, in: try manifest())
        try await withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            _ = try await platform.store.enter([declaration])
            let operation = Operation(
                kind: isPaused ? "schedule.pause" : "schedule.resume",
                subject: name,
                actor: actor,
                reason: reason.reason
            )
            let changed = try await platform.store.setPaused(name, isPaused, operation)
            let state = isPaused ? "paused" : "active"
            if options.json {
                return output.print([
                    "operation": changed ? .text(operation.id) : .null, "schedule": .text(name), "state": .text(state),
                    "changed": .bool(changed),
                ])
            }
            output.print(changed ? "\(name) is \(state), operation \(operation.id)" : "\(name) was \(state) already")
        }
    }
}
