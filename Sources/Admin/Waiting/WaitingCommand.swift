import ArgumentParser
import JobCore

struct WaitingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "waiting",
        abstract: "Jobs that wait for their time: delayed, to be retried, snoozed.",
        subcommands: [
            WaitingListCommand.self, WaitingCancelCommand.self, WaitingRunNowCommand.self,
            WaitingRescheduleCommand.self,
        ],
        defaultSubcommand: WaitingListCommand.self
    )
}

struct WaitingListCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List waiting jobs, the next due first.",
        discussion: """
            jobctl waiting list --queue notifications_email
            """
    )

    @OptionGroup var selector: SelectorOptions
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let selector = try selector.selector(of: .waiting)
        try await context.withPlatform(.look) { platform in
            var scan = WaitingScan(platform.store, selector)
            if output.json {
                var list = context.output.list()
                while let jobs = try await scan.next() {
                    for job in jobs { list.append(job.json) }
                }
                list.end()
            } else {
                try await print(&scan, platform, context.output)
            }
        }
    }

    private func print(_ scan: inout WaitingScan, _ platform: Platform, _ output: CommandOutput) async throws {
        var cursor: WaitingCursor?
        var table = Table(
            platform.display,
            [
                ("ID", .left), ("JOB", .left), ("QUEUE", .left), ("REASON", .left), ("ATTEMPT", .right),
                ("DUE IN", .right), ("LAST ERROR", .left),
            ]
        )
        while let jobs = try await scan.next() {
            for job in jobs {
                table.append([
                    job.id.description, job.job, job.address.name, job.reason, String(job.attempt),
                    Spoken.duration(job.dueIn), Spoken.excerpt(job.lastError ?? ""),
                ])
                cursor = job.cursor
            }
            table.flush(to: output)
        }
        table.end(to: output, empty: "nothing waits")
        if scan.hasMore, let cursor { output.print("there may be more: --after \(cursor), or --limit 0 for all") }
    }
}

extension WaitingRecord {
    var json: JSONValue {
        [
            "id": .text(id.description), "job": .text(job), "queue": .text(address.queue),
            "lane": .text(address.lane.rawValue), "reason": .text(reason), "attempt": .int(attempt),
            "due_at": .instant(dueAt), "due_in_seconds": .seconds(dueIn), "overdue": .bool(isOverdue),
            "enqueued_at": .instant(enqueuedAt), "last_error": .string(lastError), "operation": .string(operationID),
            "cursor": .text(cursor.description),
        ]
    }
}
