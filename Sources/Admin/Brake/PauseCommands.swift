import ArgumentParser
import JobCore

struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Stop a whole queue, let it go on, empty it.",
        subcommands: [
            QueuePauseCommand.self, QueueResumeCommand.self, QueuePurgeCommand.self,
            QueueDrainCommand.self, QueueImportCommand.self,
        ]
    )
}

struct QueuePauseCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Fetch nothing more of a queue; what runs goes on, what was fetched goes back unharmed.",
        discussion: """
            jobctl queue pause notifications_email --for 30m --reason "wrong template"
            """
    )

    @Argument(help: "The queue's name.") var name: String
    @OptionGroup var pause: PauseOptions
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.pause(.queue, try context.queue(name), pause, output)
    }
}

struct QueueResumeCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Fetch a paused queue again.",
        discussion: """
            jobctl queue resume notifications_email
            """
    )

    @Argument(help: "The queue's name.") var name: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.resume(.queue, try context.queue(name), reason, output)
    }
}

struct JobTypeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job-type",
        abstract: "Job types: stop one that does harm, let it go on.",
        subcommands: [JobTypeListCommand.self, JobTypePauseCommand.self, JobTypeResumeCommand.self],
        defaultSubcommand: JobTypeListCommand.self
    )
}

struct JobTypeListCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "All job types: where they run, and whether they do.",
        discussion: """
            jobctl job-type list
            """
    )

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let types = try context.manifest().jobs.values.sorted { $0.name < $1.name }
        try await context.withPlatform(.look) { platform in
            let controls = try await platform.store.controls().filter { $0.scope == .jobType }
            let paused = Dictionary(controls.map { ($0.name, $0) }) { first, _ in first }
            if output.json {
                var list = context.output.list()
                for type in types { list.append(type.json(paused[type.name.rawValue])) }
                return list.end()
            }
            var table = Table(
                platform.display,
                [
                    ("JOB", .left), ("QUEUE", .left), ("LANE", .left), ("VERSION", .right), ("STATE", .left),
                    ("UNTIL", .left), ("REASON", .left),
                ]
            )
            for type in types {
                let control = paused[type.name.rawValue]
                table.append([
                    type.name.rawValue, type.queue, type.lane.rawValue, "\(type.version)",
                    control == nil ? "running" : "paused", control?.until?.description ?? "-", control?.text ?? "-",
                ])
            }
            table.end(to: context.output, empty: "jobs/ declares no job type")
        }
    }
}

struct JobTypePauseCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Put every job of a type aside, uncharged, while its queue goes on; what runs ends.",
        discussion: """
            jobctl job-type pause notification.email --reason "wrong template"
            """
    )

    @Argument(help: "The job's name.") var name: String
    @OptionGroup var pause: PauseOptions
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.pause(.jobType, try context.jobType(name), pause, output)
    }
}

struct JobTypeResumeCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let a type run again; what was put aside comes back at once.",
        discussion: """
            jobctl job-type resume notification.email
            """
    )

    @Argument(help: "The job's name.") var name: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.resume(.jobType, try context.jobType(name), reason, output)
    }
}

struct PauseOptions: ParsableArguments {
    @Option(name: .customLong("for"), help: "How long, such as 30m. Default: until somebody resumes it.")
    var lasting: String?

    @OptionGroup var reason: ReasonOption
}

extension CommandContext {
    fileprivate func queue(_ name: String) throws -> String {
        try known(name, among: try manifest().queues.keys.sorted(), "queue")
    }

    fileprivate func jobType(_ name: String) throws -> String {
        try known(name, among: try manifest().jobs.keys.map(\.rawValue).sorted(), "job type")
    }

    private func known(_ name: String, among names: [String], _ what: String) throws -> String {
        if names.contains(name) { return name }
        throw CommandFailure.usage(
            "no \(what) is called \"\(name)\"",
            remedy: "one of \(names.joined(separator: ", "))"
        )
    }

    fileprivate func pause(
        _ scope: QueueControl.Scope,
        _ name: String,
        _ options: PauseOptions,
        _ output: OutputOptions
    ) async throws {
        let lasting = try duration(options.lasting, "--for")
        try await withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            let operation = JobCore.Operation(
                kind: "\(scope.rawValue).pause",
                subject: name,
                actor: actor,
                reason: options.reason.reason,
                detail: lasting.map { ["for_seconds": .double($0.seconds)] } ?? [:]
            )
            try await platform.store.pause(scope, name, for: lasting, operation)
            let until = try await platform.store.controls().first { $0.scope == scope && $0.name == name }?.until
            if output.json {
                return self.output.print([
                    "operation": .text(operation.id), "name": .text(name), "state": "paused", "until": .instant(until),
                    "released": .int(0),
                ])
            }
            let end = until.map { " until \($0)" } ?? ""
            self.output.print("\(name) is paused\(end); workers heed it within a second, operation \(operation.id)")
        }
    }

    fileprivate func resume(
        _ scope: QueueControl.Scope,
        _ name: String,
        _ reason: ReasonOption,
        _ output: OutputOptions
    ) async throws {
        try await withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            let operation = JobCore.Operation(
                kind: "\(scope.rawValue).resume",
                subject: name,
                actor: actor,
                reason: reason.reason
            )
            let (wasPaused, released) = try await platform.store.resume(scope, name, operation)
            if output.json {
                return self.output.print([
                    "operation": .text(operation.id), "name": .text(name), "state": "running", "until": .null,
                    "released": .int(released),
                ])
            }
            let back = scope == .jobType ? ", \(released) jobs come back" : ""
            let what = wasPaused ? "\(name) goes on\(back)" : "\(name) was not paused\(back)"
            self.output.print("\(what), operation \(operation.id)")
        }
    }
}

extension JobDeclaration {
    fileprivate func json(_ control: QueueControl?) -> JSONValue {
        [
            "job": .text(name.rawValue), "queue": .text(queue), "lane": .text(lane.rawValue), "version": .int(version),
            "state": .text(control == nil ? "running" : "paused"), "reason": .string(control?.reason),
            "actor": .string(control?.actor), "until": .instant(control?.until),
            "operation": .string(control?.operationID),
        ]
    }
}
