import ArgumentParser
import JobCore

struct OperationStopCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "End a replay where it is; `operation resume` goes on with it.",
        discussion: """
            Jobs that wait for their due time become dead letters again. What is on its way stays there.

            jobctl operation stop 0197a3c4-1c11-7d39-8a52-90f6b8f1d2c3 --reason "wrong group"
            """
    )

    @Argument(help: "Its id, as dead replay prints it.") var id: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            do {
                let (run, back, operation) = try await platform.store.stopReplay(
                    id,
                    actor: context.actor,
                    reason: reason.reason
                )
                let replayed = run.progress.replayed - back
                if output.json {
                    return context.output.print([
                        "operation": .text(operation.id), "stopped": .text(id), "replayed": .int(replayed),
                        "taken_back": .int(back),
                    ])
                }
                context.output.print(
                    "stopped after \(replayed) of \(run.total), \(back) taken back, operation \(operation.id)"
                )
            } catch let refusal as ReplayRefusal {
                throw CommandFailure(refusal, id)
            }
        }
    }
}

struct OperationResumeCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on with a stopped replay, from any machine: the loops lead it.",
        discussion: """
            Failures from before the stop are forgiven; a canary begins anew with what is left.

            jobctl operation resume 0197a3c4-1c11-7d39-8a52-90f6b8f1d2c3 --reason "templates deployed"
            """
    )

    @Argument(help: "Its id, as dead replay prints it.") var id: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            do {
                let (run, operation) = try await platform.store.resumeReplay(
                    id,
                    actor: context.actor,
                    reason: reason.reason
                )
                if output.json {
                    return context.output.print([
                        "operation": .text(operation.id), "resumed": .text(id), "replayed": .int(run.progress.replayed),
                        "total": .int(run.total),
                    ])
                }
                context.output.print(
                    "goes on after \(run.progress.replayed) of \(run.total), led by the loops, operation \(operation.id)"
                )
            } catch let refusal as ReplayRefusal {
                throw CommandFailure(refusal, id)
            }
        }
    }
}

/// How far a replay is and what became of its jobs, for `operation show`.
struct ReplayStatus {
    private let run: ReplayRun
    private let outcomes: ReplayOutcomes
    private let remaining: Duration?

    /// Nil when the operation is no replay.
    init?(_ id: String, _ store: Store) async throws {
        guard let run = try await store.replayRun(id) else { return nil }
        self.run = run
        outcomes = try await store.replayOutcomes(id)
        let left = run.state == .stopped ? nil : run.remaining(now: try await store.now())
        remaining = left.flatMap { $0 > .zero ? $0 : nil }
    }

    var lines: [String] {
        var lines = ["replayed \(run.progress.replayed), skipped \(run.progress.skippedCount): \(outcomes.words)"]
        if let because = run.stoppedBecause { lines.append("stopped: \(because)") }
        if let remaining { lines.append("about \(Spoken.duration(remaining)) until the last one is due") }
        if run.state == .stopped {
            lines.append("to go on: jobctl operation resume \(run.operation)")
        } else if run.state == .running || remaining != nil {
            lines.append("to end it: jobctl operation stop \(run.operation)")
        }
        return lines
    }

    var json: JSONValue {
        [
            "replayed": .int(run.progress.replayed), "skipped": .int(run.progress.skippedCount),
            "total": run.total > 0 ? .int(run.total) : .null, "outcomes": outcomes.json,
            "remaining_seconds": .seconds(remaining), "stopped_because": .string(run.stoppedBecause),
        ]
    }
}

extension CommandFailure {
    init(_ refusal: ReplayRefusal, _ id: String) {
        switch refusal {
        case .unknown:
            self.init(
                .failed,
                "not_found",
                "no replay has the id \(id)",
                remedy: "jobctl operation list --kind dead.replay"
            )
        case .notRunning(.done):
            self.init(
                .failed,
                "not_running",
                "all of its jobs are due",
                remedy: "jobctl operation undo \(id) takes back what still waits"
            )
        case .notRunning:
            self.init(.failed, "not_running", "it is stopped already", remedy: "jobctl operation show \(id)")
        case .notStopped(let state):
            self.init(.failed, "not_stopped", "it is \(state.rawValue)", remedy: "jobctl operation show \(id)")
        }
    }
}
