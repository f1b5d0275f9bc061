import ArgumentParser
import JobCore

struct JobCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job",
        abstract: "One job: what became of it, and to call it off.",
        subcommands: [JobExplainCommand.self, JobCancelCommand.self]
    )
}

struct JobExplainCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Everything that the store knows of a job, in the order of time, and what it cannot know.",
        discussion: """
            jobctl job explain 0197a3c4-1c11-7d39-8a52-90f6b8f1d2c3
            """
    )

    @Argument(help: "The job's id.") var id: String
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let job = try JobExplainCommand.id(id)
        try await context.withPlatform(.look) { platform in
            let timeline = try await platform.store.timeline(of: job)
            let unknown = JobExplainCommand.unknown(timeline)
            if output.json {
                return context.output.print([
                    "id": .text(timeline.id.description), "job": .string(timeline.job),
                    "state": .string(timeline.whereabouts?.state.rawValue),
                    "events": .array(
                        timeline.events.map {
                            [
                                "at": .instant($0.at), "what": .text($0.what), "detail": .text($0.detail),
                                "pending": .bool($0.isPending),
                            ]
                        }
                    ),
                    "unknown": .array(unknown.map { .text($0) }),
                ])
            }
            context.output.print(platform.display)
            context.output.print("\(timeline.job ?? "a job") \(timeline.id)")
            for event in timeline.events {
                let mark = event.isPending ? "→" : " "
                context.output.print("\(mark) \(event.at)  \(event.what)  \(event.detail)")
            }
            for line in unknown { context.output.print("? \(line)") }
        }
    }

    static func id(_ text: String) throws -> JobID {
        guard let id = JobID(text) else {
            throw CommandFailure.usage("\"\(text)\" is no job id", remedy: "a UUID, as enqueue prints it")
        }
        return id
    }

    /// Success leaves no trace, and the broker cannot be searched: that is said, not guessed.
    private static func unknown(_ timeline: JobTimeline) -> [String] {
        switch timeline.whereabouts?.state {
        case .waiting, .dead, .purged, .drained, .cancelled: return []
        case .running: return ["attempts before this one that were given back"]
        case .replayed:
            return [
                "whether it lies in its queue or is done: a plain success leaves no trace, and a queue cannot be searched"
            ]
        case nil:
            return [
                timeline.events.isEmpty
                    ? "whether it was ever enqueued: it may lie in its queue, or be done, which leaves no trace"
                    : "whether it lies in its queue or is done: a plain success leaves no trace, and a queue cannot be searched",
                "jobs of one kind leave one when they are to have their effect once: deduplicate in jobs/",
            ]
        }
    }
}

struct JobCancelCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Call off a job that waits; one that is ready or runs cannot be found in the broker.",
        discussion: """
            jobctl job cancel 0197a3c4-1c11-7d39-8a52-90f6b8f1d2c3 --reason "sent by hand"
            """
    )

    @Argument(help: "The job's id.") var id: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let job = try JobExplainCommand.id(id)
        try await context.withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            let state = try await platform.store.whereabouts(of: job)?.state
            guard state == .waiting else {
                throw CommandFailure(
                    .failed,
                    "not_waiting",
                    "the job does not wait: \(state.map { "it is \($0.rawValue)" } ?? "it is ready, done or unknown")",
                    remedy: "jobctl job explain \(id); jobctl job-type pause NAME stops all of its type"
                )
            }
            try await Confirmation(deed: "cancel job \(id) on \(platform.display)", word: "cancel").obtain(
                consent,
                context
            )
            var selector = Selector()
            selector.ids = [job]
            let request = CancelRequest(
                selector: selector,
                operation: JobID().description,
                actor: context.actor,
                reason: reason.reason,
                subject: job.description
            )
            let progress = try await platform.store.cancelWaiting(request)
            guard progress.cancelled == 1 else {
                throw CommandFailure(
                    .tryLater,
                    "being_published",
                    "the job is being published at this moment",
                    remedy: "jobctl job explain \(id)"
                )
            }
            if output.json {
                return context.output.print([
                    "operation": .text(request.operation), "id": .text(id), "cancelled": .bool(true),
                ])
            }
            context.output.print("cancelled, operation \(request.operation); jobctl operation undo takes it back")
        }
    }
}
