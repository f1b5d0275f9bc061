import ArgumentParser
import JobCore

struct ScheduleBackfillCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Fire a schedule's instants of the past that have no fire yet.",
        discussion: """
            They run one after the other, oldest first, unless the schedule's overlap is allow. More than 100 want --yes or a
            typed answer.

            jobctl schedule backfill analytics_daily --from 2026-11-01 --to 2026-11-07 --dry-run
            """
    )

    private static let unasked = 100
    private static let maximum = 10_000

    @Argument(help: "The schedule's name.") var name: String
    @Option(help: "From this instant (RFC 3339) or day (2026-11-01, in the schedule's zone).") var from: String
    @Option(help: "Through this instant or the end of this day.") var to: String
    @Flag(help: "Say which instants, and do nothing.") var dryRun = false
    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let manifest = try context.manifest()
        let declaration = try context.schedule(name, in: manifest)
        let zone = declaration.timetable.zone
        let start = try instant(from, "--from", zone, dayAfter: false).advanced(by: .milliseconds(-1))
        let end = try instant(to, "--to", zone, dayAfter: true)
        guard start < end else { throw CommandFailure.usage("--to lies before --from") }
        try await context.withPlatform(dryRun ? .look : .change) { platform in
            try await platform.store.checkSchema()
            let now = try await platform.store.schedules().now
            let limit = ScheduleBackfillCommand.maximum + 1
            let all = declaration.timetable.instants(after: start, through: min(end, now), limit: limit)
            guard all.count < limit else {
                throw CommandFailure.usage("more than \(limit - 1) instants", remedy: "take a shorter span")
            }
            let fired = try await platform.store.firedInstants(name, after: start, through: end)
            let wanted = all.filter { !fired.contains($0) }
            guard !dryRun, !wanted.isEmpty else { return answer(wanted, all.count, nil, 0, context.output) }
            if wanted.count > ScheduleBackfillCommand.unasked {
                let deed = "fire \(name) \(wanted.count) times on \(platform.display)"
                try await Confirmation(deed: deed, word: String(wanted.count)).obtain(consent, context)
            }
            _ = try await platform.store.enter([declaration])
            let operation = Operation(
                kind: "schedule.backfill",
                subject: "\(name) \(from)…\(to)",
                actor: context.actor,
                reason: reason.reason,
                detail: ["instants": .int(wanted.count)]
            )
            let count = try await platform.store.fire(
                declaration,
                version: manifest.jobs[declaration.job]?.version ?? 1,
                at: wanted,
                kind: .backfill,
                operation
            )
            answer(wanted, all.count, operation.id, count, context.output)
        }
    }

    private func answer(
        _ wanted: [Timestamp],
        _ all: Int,
        _ operation: String?,
        _ fired: Int,
        _ output: CommandOutput
    ) {
        if self.output.json {
            return output.print([
                "operation": .string(operation), "schedule": .text(name),
                "instants": .array(wanted.map { .instant($0) }),
                "fired": .int(fired), "queued": .int(operation == nil ? 0 : wanted.count - fired),
                "had_fire": .int(all - wanted.count), "dry_run": .bool(dryRun),
            ])
        }
        guard let operation else {
            for instant in wanted { output.print(instant.description) }
            return output.print(
                "\(wanted.count) instants without a fire, \(all - wanted.count) with one; nothing was done"
            )
        }
        output.print(
            "\(fired) fired, \(wanted.count - fired) queued behind them, \(all - wanted.count) had a fire, "
                + "operation \(operation)"
        )
    }

    private func instant(
        _ text: String,
        _ option: String,
        _ zone: TimeZoneRules,
        dayAfter: Bool
    ) throws -> Timestamp {
        if let instant = Timestamp(rfc3339: text) { return instant }
        guard let day = CivilDay(text) else {
            throw CommandFailure.usage(
                "\(option) \(text) is neither an instant nor a day",
                remedy: "such as 2026-11-01"
            )
        }
        let seconds = zone.instant(of: CivilTime(day: dayAfter ? day.advanced(by: 1) : day))
        return Timestamp(milliseconds: seconds * 1000 - (dayAfter ? 1 : 0))
    }
}
