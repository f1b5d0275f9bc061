import ArgumentParser
import JobCore

struct OperationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operation",
        abstract: "What people have changed: who, when, why, and how to take it back.",
        subcommands: [
            OperationListCommand.self, OperationShowCommand.self, OperationStopCommand.self,
            OperationResumeCommand.self, OperationUndoCommand.self,
        ],
        defaultSubcommand: OperationListCommand.self
    )
}

struct OperationListCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "The newest first.",
        discussion: """
            jobctl operation list --kind dead
            """
    )

    @Option(help: "Only these: a kind such as dead.replay, or its noun (dead).")
    var kind: String?

    @Option(help: "At most this many, 1…1000.")
    var limit = 50

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        guard (1...1000).contains(limit) else { throw CommandFailure.usage("--limit must be 1 to 1000") }
        try await context.withPlatform(.look) { platform in
            let operations = try await platform.store.operations(kind: kind, limit: limit)
            if output.json {
                var list = context.output.list()
                for operation in operations { list.append(operation.json()) }
                return list.end()
            }
            var table = Table(
                platform.display,
                [
                    ("ID", .left), ("AT", .left), ("WHO", .left), ("WHAT", .left), ("SUBJECT", .left), ("STATE", .left),
                    ("WHY", .left),
                ]
            )
            for operation in operations {
                table.append([
                    operation.id, operation.at.description, operation.actor, operation.kind,
                    Spoken.excerpt(operation.subject), operation.stateText, Spoken.excerpt(operation.reason ?? "-"),
                ])
            }
            table.end(to: context.output, empty: "nobody has changed anything")
        }
    }
}

struct OperationShowCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "One operation with its figures.",
        discussion: """
            jobctl operation show 0197a3c4-1c11-7d39-8a52-90f6b8f1d2c3
            """
    )

    @Argument(help: "Its id, as every changing verb prints it.") var id: String
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.withPlatform(.look) { platform in
            guard let operation = try await platform.store.operation(id) else { throw CommandFailure.noOperation(id) }
            let replay = try await ReplayStatus(id, platform.store)
            if output.json { return context.output.print(operation.json(replay)) }
            context.output.print(platform.display)
            context.output.print("\(operation.kind) \(operation.subject)")
            context.output.print("  by \(operation.actor) at \(operation.at): \(operation.reason ?? "no reason given")")
            context.output.print("  \(operation.stateText)")
            context.output.print("  \(String(decoding: operation.detail, as: UTF8.self))")
            for line in replay?.lines ?? [] { context.output.print("  \(line)") }
            if operation.isUndoable { context.output.print("  to take it back: jobctl operation undo \(operation.id)") }
        }
    }
}

struct OperationUndoCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Take an operation back, as far as nothing has gone on since.",
        discussion: """
            Can be taken back: pauses, purges, drains, edits, cancellations, and the part of a replay that still waits.

            jobctl operation undo 0197a3c4-1c11-7d39-8a52-90f6b8f1d2c3 --reason "wrong queue"
            """
    )

    @Argument(help: "Its id.") var id: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            guard let record = try await platform.store.operation(id) else { throw CommandFailure.noOperation(id) }
            if record.isUndoable {
                let deed = "take back \(record.kind) \(record.subject) by \(record.actor) on \(platform.display)"
                try await Confirmation(deed: deed, word: "undo").obtain(consent, context)
            }
            do {
                let (result, operation) = try await platform.store.undo(id, actor: context.actor, reason: reason.reason)
                if output.json {
                    return context.output.print([
                        "operation": .text(operation.id), "undid": .text(id), "undone": .int(result.undone),
                        "kept": .int(result.kept),
                    ])
                }
                let kept = result.kept > 0 ? ", \(result.kept) have gone on since and stay" : ""
                context.output.print("\(record.kind): \(result.undone) taken back\(kept), operation \(operation.id)")
            } catch let refusal as UndoRefusal {
                throw CommandFailure(refusal, id)
            }
        }
    }
}

extension CommandFailure {
    static func noOperation(_ id: String) -> CommandFailure {
        CommandFailure(.failed, "not_found", "no operation has the id \(id)", remedy: "jobctl operation list")
    }

    init(_ refusal: UndoRefusal, _ id: String) {
        switch refusal {
        case .unknown: self = .noOperation(id)
        case .impossible(let kind):
            let remedy = "what can be: \(Store.undoableKinds.joined(separator: ", "))"
            self.init(.failed, "not_undoable", "\(kind) cannot be taken back", remedy: remedy)
        case .alreadyUndone(let undo):
            self.init(
                .failed,
                "already_undone",
                "it was taken back by \(undo)",
                remedy: "jobctl operation show \(undo)"
            )
        }
    }
}

extension OperationRecord {
    fileprivate var isUndoable: Bool { undoneBy == nil && Store.undoableKinds.contains(kind) }

    fileprivate var stateText: String { undoneBy.map { "undone by \($0)" } ?? state.rawValue }

    func json(_ replay: ReplayStatus? = nil) -> JSONValue {
        [
            "id": .text(id), "kind": .text(kind), "subject": .text(subject), "actor": .text(actor),
            "reason": .string(reason), "at": .instant(at), "state": .text(state.rawValue),
            "undone_by": .string(undoneBy), "undoable": .bool(isUndoable),
            "detail": .verbatim(String(decoding: detail, as: UTF8.self)), "replay": replay?.json ?? .null,
        ]
    }
}
