import ArgumentParser
import JobCore

struct DeadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead",
        abstract: "Jobs that will not be tried again by themselves.",
        subcommands: [
            DeadGroupsCommand.self, DeadListCommand.self, DeadShowCommand.self, DeadReplayCommand.self,
            DeadEditCommand.self, DeadPurgeCommand.self, DeadDrainCommand.self, DeadImportCommand.self,
        ],
        defaultSubcommand: DeadListCommand.self
    )
}

struct DeadGroupsCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "groups",
        abstract: "Open letters by cause, the most frequent first.",
        discussion: """
            jobctl dead groups
            jobctl dead groups --queue notifications_email --since 1h
            """
    )

    @OptionGroup var selector: SelectorOptions
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let selector = try selector.selector(of: .groups)
        try await context.withPlatform(.look) { platform in
            let groups = try await platform.store.deadLetterGroups(selector)
            if output.json {
                var list = context.output.list()
                for group in groups { list.append(group.json) }
                return list.end()
            }
            var table = Table(
                platform.display,
                [
                    ("FINGERPRINT", .left), ("COUNT", .right), ("RETURNED", .right), ("JOB", .left), ("QUEUE", .left),
                    ("ERROR", .left), ("LAST SEEN", .left), ("BUILDS", .left), ("MESSAGE", .left),
                ]
            )
            for group in groups {
                table.append([
                    group.fingerprint, Spoken.count(group.count), Spoken.count(group.returned), group.job, group.queue,
                    group.errorType, group.lastSeen.description, group.builds.joined(separator: " "),
                    Spoken.excerpt(group.errorMessage),
                ])
            }
            table.end(to: context.output, empty: "no dead letters")
        }
    }
}

extension DeadLetterGroup {
    var json: JSONValue {
        [
            "fingerprint": .text(fingerprint), "job": .text(job), "queue": .text(queue),
            "error_type": .text(errorType), "error_message": .text(errorMessage), "count": .int(count),
            "first_seen": .instant(firstSeen), "last_seen": .instant(lastSeen),
            "builds": .array(builds.map { .text($0) }), "returned": .int(returned),
        ]
    }
}
