import ArgumentParser
import JobCore

/// `jobctl schedule next EXPR`: needs no platform, so that an expression can be tried before it is written down.
struct ScheduleNextCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "next",
        abstract: "Print the next instants of a cron expression, or of a declared schedule.",
        discussion: """
            Five fields (minute hour day month weekday), six with seconds first, or @daily and its like. A tick that the
            clocks skip comes once, after the gap; one that they repeat comes once, the first time.

            jobctl schedule next "0 2 * * *" --zone America/Sao_Paulo -n 3
            """
    )

    @Argument(help: "A cron expression in quotes, or a schedule's name.") var expression: String
    @Option(help: "An IANA zone. Default: the schedule's, else \(ScheduleDefaults.zone).") var zone: String?
    @Option(help: "After this instant (RFC 3339). Default: now.") var from: String?
    @Option(name: .short, help: "How many.") var n = 5
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        guard (1...10_000).contains(n) else { throw CommandFailure.usage("-n is 1 to 10000") }
        let start = try from.map { text in
            guard let instant = Timestamp(rfc3339: text) else {
                throw CommandFailure.usage("--from \(text) is no instant", remedy: "such as 2026-11-26T02:00:00-03:00")
            }
            return instant
        }
        let timetable = try timetable(context)
        let instants = timetable.instants(after: start ?? .now(), through: .latest, limit: n)
        if output.json { return context.output.print(.array(instants.map { .instant($0) })) }
        for instant in instants { context.output.print(instant.description) }
        if instants.isEmpty { context.output.warn("never: no day of the next hundred years matches") }
    }

    private func timetable(_ context: CommandContext) throws -> CronTimetable {
        var named: ScheduleDeclaration?
        if !expression.contains(" "), !expression.hasPrefix("@") {
            named = try context.schedule(expression, in: try context.manifest())
        }
        do {
            let rules = try zone.map { try ZoneFile.rules($0) }
            if let named { return CronTimetable(named.timetable.expression, zone: rules ?? named.timetable.zone) }
            let parsed = try CronExpression(expression)
            return CronTimetable(parsed, zone: try rules ?? ZoneFile.rules(ScheduleDefaults.zone))
        } catch let error as CronError {
            throw CommandFailure.usage("\"\(expression)\" is no cron expression: \(error)", remedy: CronExpression.form)
        } catch let error as ZoneFile.Failure {
            throw CommandFailure.usage(
                "\(error)",
                remedy: "an IANA name such as America/Sao_Paulo, from the package tzdata"
            )
        }
    }
}

enum ScheduleDefaults {
    static let zone = "America/Sao_Paulo"
}
