import ArgumentParser
import JobCore

struct BreakerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "breaker",
        abstract: "Dependencies that are down: their queues are parked, and nothing is lost or charged.",
        discussion: """
            A breaker opens by itself when the share of failures in its window reaches what jobs/ says, and closes when one job
            that tries has succeeded. By hand it is opened, closed or made to try.
            """,
        subcommands: [
            BreakerListCommand.self, BreakerOpenCommand.self, BreakerCloseCommand.self, BreakerProbeCommand.self,
        ],
        defaultSubcommand: BreakerListCommand.self
    )
}

struct BreakerListCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "All dependencies: state, what opened it, when it is tried again.",
        discussion: """
            jobctl breaker list --json
            """
    )

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let manifest = context.manifestIfAny()
        try await context.withPlatform(.look) { platform in
            let breakers = BreakerRow.all(try await platform.store.breakers(), manifest)
            if output.json {
                var list = context.output.list()
                for breaker in breakers { list.append(breaker.json) }
                return list.end()
            }
            var table = Table(
                platform.display,
                [
                    ("DEPENDENCY", .left), ("STATE", .left), ("TRIED IN", .right), ("OPENINGS", .right),
                    ("QUEUES", .left), ("REASON", .left),
                ]
            )
            for breaker in breakers {
                let record = breaker.record
                table.append([
                    breaker.name, (record?.state ?? .closed).rawValue + (record?.isHeld == true ? " (by hand)" : ""),
                    record?.remaining.map { Spoken.duration($0) } ?? "-", "\(record?.openings ?? 0)",
                    breaker.queues.joined(separator: " "), record?.reason ?? "-",
                ])
            }
            table.end(to: context.output, empty: "no queue of jobs/ depends on anything (depends_on)")
        }
    }
}

/// A dependency of the manifest, or one that only the store remembers.
private struct BreakerRow {
    let name: String
    let record: BreakerRecord?
    let queues: [String]

    static func all(_ records: [BreakerRecord], _ manifest: Manifest?) -> [BreakerRow] {
        let known = Dictionary(records.map { ($0.name, $0) }) { first, _ in first }
        let declared = manifest?.queues.values.flatMap(\.dependencies) ?? []
        return Set(declared).union(known.keys).sorted().map { name in
            let queues = manifest?.queues(dependingOn: name) ?? []
            return BreakerRow(
                name: name,
                record: known[name],
                queues: queues.isEmpty ? known[name]?.queues ?? [] : queues
            )
        }
    }

    var json: JSONValue {
        [
            "dependency": .text(name), "state": .text((record?.state ?? .closed).rawValue),
            "reason": .string(record?.reason), "until": .instant(record?.until),
            "until_seconds": .seconds(record?.remaining), "held": .bool(record?.isHeld ?? false),
            "openings": .int(record?.openings ?? 0), "prober": .string(record?.prober),
            "changed_at": .instant(record.flatMap { $0.changedAt.milliseconds == 0 ? nil : $0.changedAt }),
            "queues": .array(queues.map { .text($0) }),
        ]
    }
}

struct BreakerOpenCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "open",
        abstract: "Park the queues of a dependency: until it is closed, or for a time after which one job tries.",
        discussion: """
            jobctl breaker open smtp --for 2h --reason "announced by the provider"
            """
    )

    @Argument(help: "The dependency, as depends_on names it.") var name: String
    @Option(name: .customLong("for"), help: "How long, such as 30m. Default: until somebody closes it.")
    var lasting: String?
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let lasting = try context.duration(lasting, "--for")
        try await context.act(.open, on: name, for: lasting, reason, output)
    }
}

struct BreakerCloseCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "close",
        abstract: "Let everything through again, at once and unseen; `probe` tries with one job first.",
        discussion: """
            jobctl breaker close smtp --reason "the measure was wrong"
            """
    )

    @Argument(help: "The dependency.") var name: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.act(.close, on: name, for: nil, reason, output)
    }
}

struct BreakerProbeCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Let one job try now: its success closes the breaker.",
        discussion: """
            jobctl breaker probe smtp
            """
    )

    @Argument(help: "The dependency.") var name: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.act(.probe, on: name, for: nil, reason, output)
    }
}

extension CommandContext {
    /// Nil for an option that was not given.
    func duration(_ text: String?, _ option: String) throws -> Duration? {
        guard let text else { return nil }
        guard let duration = Duration(manifest: text), duration > .zero else {
            throw CommandFailure.usage("\(option) \(text) is not a time", remedy: Duration.manifestForm)
        }
        return duration
    }

    fileprivate func act(
        _ action: BreakerAction,
        on name: String,
        for lasting: Duration?,
        _ reason: ReasonOption,
        _ options: OutputOptions
    ) async throws {
        let manifest = try manifest()
        let known = Set(manifest.queues.values.flatMap(\.dependencies)).sorted()
        guard known.contains(name) else {
            throw CommandFailure.usage(
                "no queue depends on \"\(name)\"",
                remedy: known.isEmpty
                    ? "jobs/ declares it: depends_on of a queue" : "one of \(known.joined(separator: ", "))"
            )
        }
        try await withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            let before = try await platform.store.breakers().first { $0.name == name }
            if action == .probe, before == nil || before?.state == .closed {
                throw CommandFailure(.failed, "not_open", "the breaker of \(name) is closed: every job goes through")
            }
            let operation = JobCore.Operation(
                kind: "breaker.\(action.rawValue)",
                subject: name,
                actor: actor,
                reason: reason.reason,
                detail: lasting.map { ["for_seconds": .double($0.seconds)] } ?? [:]
            )
            let queues = manifest.queues(dependingOn: name)
            try await platform.store.act(action, breaker: name, for: lasting, queues: queues, operation)
            let after = try await platform.store.breakers().first { $0.name == name }
            let state = after?.state ?? .closed
            if options.json {
                return output.print([
                    "operation": .text(operation.id), "dependency": .text(name), "state": .text(state.rawValue),
                    "until": .instant(after?.until),
                ])
            }
            let parked = state == .open ? "; parked within a second: \(queues.joined(separator: ", "))" : ""
            output.print("\(name) is \(state.rawValue)\(parked), operation \(operation.id)")
        }
    }
}
