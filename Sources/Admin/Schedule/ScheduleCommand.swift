import ArgumentParser
import JobCore

struct ScheduleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Look at the schedules, run one now, pause it, fill in what was missed.",
        subcommands: [
            ScheduleListCommand.self, ScheduleShowCommand.self, ScheduleNextCommand.self, ScheduleRunCommand.self,
            SchedulePauseCommand.self, ScheduleResumeCommand.self, ScheduleBackfillCommand.self,
        ],
        defaultSubcommand: ScheduleListCommand.self
    )
}

extension CommandContext {
    /// A declared schedule, or a failure that names those there are.
    func schedule(_ name: String, in manifest: Manifest) throws -> ScheduleDeclaration {
        if let schedule = manifest.schedules[name] { return schedule }
        let names = manifest.schedules.keys.sorted()
        throw CommandFailure.usage(
            "no schedule is called \"\(name)\"",
            remedy: names.isEmpty
                ? "declare one under schedules: in jobs/*.yaml" : "one of \(names.joined(separator: ", "))"
        )
    }
}

/// What an operator wants to know of one schedule.
struct ScheduleReport {
    let declaration: ScheduleDeclaration
    /// Nil before a scheduler has seen it.
    let record: ScheduleRecord?
    let last: ScheduleFire?
    let now: Timestamp

    var isPaused: Bool { record?.pausedAt != nil }
    var next: Timestamp? { isPaused ? nil : declaration.timetable.next(after: now) }
    var state: String { record == nil ? "unseen" : isPaused ? "paused" : "active" }

    var json: JSONValue {
        let timetable = declaration.timetable
        return [
            "name": .text(declaration.name), "cron": .text(timetable.expression.text),
            "zone": .text(timetable.zone.name), "job": .text(declaration.job.rawValue), "state": .text(state),
            "next_fire_at": .instant(next), "last_fire_at": .instant(last?.instant),
            "last_state": .string(last?.state.rawValue), "last_job_id": .string(last?.jobID.description),
            "last_duration_seconds": .seconds(last?.runTime), "last_error": .string(last?.error),
            "missed": .int(record?.missed), "overlap": .text(declaration.overlap.rawValue),
            "catch_up": .text(declaration.catchUp.rawValue), "jitter_seconds": .seconds(declaration.jitter),
            "since": .instant(record?.since), "paused_at": .instant(record?.pausedAt),
            "paused_by": .string(record?.pausedBy), "paused_reason": .string(record?.pausedReason),
        ]
    }

    static func all(_ manifest: Manifest, _ store: Store) async throws -> [ScheduleReport] {
        let book = try await store.schedules()
        var reports: [ScheduleReport] = []
        for declaration in manifest.schedules.values.sorted(by: { $0.name < $1.name }) {
            reports.append(
                ScheduleReport(
                    declaration: declaration,
                    record: book.records[declaration.name],
                    last: try await store.fires(declaration.name, limit: 1).first,
                    now: book.now
                )
            )
        }
        return reports
    }
}

struct ScheduleListCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the schedules: when each fires next, and how its last fire went.",
        discussion: """
            jobctl schedule list
            """
    )

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let manifest = try context.manifest()
        try await context.withPlatform(.look) { platform in
            let reports = try await ScheduleReport.all(manifest, platform.store)
            if output.json {
                var list = context.output.list()
                for report in reports { list.append(report.json) }
                return list.end()
            }
            var table = Table(
                platform.display,
                [
                    ("SCHEDULE", .left), ("CRON", .left), ("ZONE", .left), ("JOB", .left), ("STATE", .left),
                    ("NEXT", .left), ("LAST", .left), ("OUTCOME", .left), ("TOOK", .right), ("MISSED", .right),
                ]
            )
            for report in reports {
                let timetable = report.declaration.timetable
                table.append([
                    report.declaration.name, timetable.expression.text, timetable.zone.name,
                    report.declaration.job.rawValue, report.state, report.next?.description ?? "-",
                    report.last?.instant.description ?? "-", report.last?.state.rawValue ?? "-",
                    report.last?.runTime.map { Spoken.duration($0) } ?? "-",
                    report.record.map { Spoken.count($0.missed) } ?? "-",
                ])
            }
            table.end(to: context.output, empty: "no schedules: declare them under schedules: in jobs/*.yaml")
        }
    }
}

struct ScheduleShowCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one schedule with its last fires and its next instants.",
        discussion: """
            jobctl schedule show analytics_daily
            """
    )

    @Argument(help: "The schedule's name.") var name: String
    @Option(name: .short, help: "How many fires and instants.") var n = 10
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let declaration = try context.schedule(name, in: try context.manifest())
        guard (1...1000).contains(n) else { throw CommandFailure.usage("-n is 1 to 1000") }
        try await context.withPlatform(.look) { platform in
            let book = try await platform.store.schedules()
            let fires = try await platform.store.fires(name, limit: n)
            let record = book.records[name]
            let report = ScheduleReport(declaration: declaration, record: record, last: fires.first, now: book.now)
            let upcoming = declaration.timetable.instants(after: book.now, through: .latest, limit: n)
            if output.json {
                guard case .object(let members) = report.json else { return }
                let more: [(key: String, value: JSONValue)] = [
                    ("fires", .array(fires.map(\.json))), ("next", .array(upcoming.map { .instant($0) })),
                ]
                return context.output.print(.object(members + more))
            }
            print(report, fires, upcoming, platform, context.output)
        }
    }

    private func print(
        _ report: ScheduleReport,
        _ fires: [ScheduleFire],
        _ upcoming: [Timestamp],
        _ platform: Platform,
        _ output: CommandOutput
    ) {
        let declaration = report.declaration
        let timetable = declaration.timetable
        output.print(platform.display)
        output.print("\(name)  \(timetable.expression.text)  \(timetable.zone.name)  runs \(declaration.job)")
        output.print(
            "overlap \(declaration.overlap.rawValue) · catch-up \(declaration.catchUp.rawValue) within "
                + "\(declaration.catchUpWindow.manifestText) · jitter \(declaration.jitter.manifestText) · \(report.state)"
        )
        if let record = report.record, let paused = record.pausedAt {
            output.print(
                "paused at \(paused) by \(record.pausedBy ?? "?"): \(record.pausedReason ?? "no reason given")"
            )
        }
        output.print("")
        var table = Table(
            "fires",
            [
                ("INSTANT", .left), ("KIND", .left), ("STATE", .left), ("TOOK", .right), ("JOB", .left),
                ("ERROR", .left),
            ]
        )
        for fire in fires {
            table.append([
                fire.instant.description, fire.kind.rawValue, fire.state.rawValue,
                fire.runTime.map { Spoken.duration($0) } ?? "-", fire.jobID.description, fire.error ?? "",
            ])
        }
        table.end(to: output, empty: "none yet")
        output.print("")
        output.print("next")
        for instant in upcoming { output.print(instant.description) }
    }
}

extension ScheduleFire {
    var json: JSONValue {
        [
            "fire_at": .instant(instant), "kind": .text(kind.rawValue), "state": .text(state.rawValue),
            "job_id": .text(jobID.description), "fired_at": .instant(firedAt), "finished_at": .instant(finishedAt),
            "duration_seconds": .seconds(runTime), "error": .string(error),
        ]
    }
}
