import ArgumentParser
import JobCore

struct QueuePurgeCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Empty a queue: what is ready in it does not run; for thirty days it can be undone.",
        discussion: """
            Takes as many messages as are ready when it begins, so that producers who go on do not keep it busy. What workers
            have fetched is not touched: `queue pause` first, if it must not run either.

            jobctl queue purge system.bulk --reason "test data"
            """
    )

    @Argument(help: "A queue, of all its lanes, or a lane (system.bulk).") var name: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let lanes = try QueueEmptier.lanes(name, try context.manifest())
        // It fetches as a worker does: on SQLite its peers must see whether it lives.
        try await context.withPlatform(.daemon, role: .oper) { platform in
            try await platform.store.checkSchema()
            let depths = try await platform.broker.depths(lanes.map(\.name))
            let ready = lanes.map { ($0, depths[$0.name]?.ready ?? 0) }
            let count = ready.reduce(0) { $0 + $1.1 }
            var purged = 0
            let operation = JobID().description
            if count > 0 {
                let deed = "take \(count) ready job\(count == 1 ? "" : "s") out of \(name) on \(platform.display)"
                try await Confirmation(deed: deed, word: String(count)).obtain(consent, context)
                let emptier = QueueEmptier(
                    platform: platform,
                    name: name,
                    operation: operation,
                    kind: "queue.purge",
                    actor: context.actor,
                    reason: reason.reason
                )
                purged = try await emptier.run(ready)
            }
            if output.json {
                return context.output.print([
                    "operation": purged > 0 ? .text(operation) : .null, "queue": .text(name), "purged": .int(purged),
                ])
            }
            guard purged > 0 else { return context.output.print("nothing is ready in \(name)") }
            context.output.print("purged \(purged), operation \(operation); jobctl operation undo takes it back")
        }
    }
}
