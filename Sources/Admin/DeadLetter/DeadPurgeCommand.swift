import ArgumentParser
import JobCore

struct DeadPurgeCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Take dead letters away that nobody wants; for thirty days it can be undone.",
        discussion: """
            jobctl dead purge --group 5f1d0c7a9b3e2d46 --limit 0 --reason "test data"
            """
    )

    @OptionGroup var selector: SelectorOptions
    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let selected = try selector.changingSelector(of: .letters)
        try await context.withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            let count = try await platform.store.countLetters(selected)
            guard count > 0 else { return answer(PurgeProgress(), nil, context.output) }
            let deed = "purge \(count) dead letter\(count == 1 ? "" : "s") on \(platform.display)"
            try await Confirmation(deed: deed, word: String(count)).obtain(consent, context)
            let request = PurgeRequest(
                selector: selected,
                operation: JobID().description,
                actor: context.actor,
                reason: reason.reason,
                subject: selector.words
            )
            let progress = try await platform.store.purge(request)
            answer(progress, progress.purged > 0 ? request.operation : nil, context.output)
        }
    }

    private func answer(_ progress: PurgeProgress, _ operation: String?, _ output: CommandOutput) {
        if self.output.json {
            return output.print([
                "operation": .string(operation), "purged": .int(progress.purged), "more": .bool(progress.hasMore),
            ])
        }
        guard let operation else { return output.print("nothing to purge") }
        output.print("purged \(progress.purged), operation \(operation); jobctl operation undo takes it back")
        if progress.hasMore { output.print("there may be more: the limit was \(selector.limit)") }
    }
}
