import ArgumentParser
import JobCore

struct WaitingCancelCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Call off waiting jobs: they will not run; for thirty days it can be undone.",
        discussion: """
            Jobs that are being published at this moment are left out.

            jobctl waiting cancel --job notification.email --since 10m --reason "sent twice"
            """
    )

    @OptionGroup var selector: SelectorOptions
    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let selected = try selector.changingSelector(of: .waiting)
        try await context.withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            let count = try await count(selected, platform.store)
            guard count > 0 else { return answer(CancelProgress(), operation: nil, context.output) }
            let deed = "cancel \(count) waiting job\(count == 1 ? "" : "s") on \(platform.display)"
            try await Confirmation(deed: deed, word: String(count)).obtain(consent, context)
            let request = CancelRequest(
                selector: selected,
                operation: JobID().description,
                actor: context.actor,
                reason: reason.reason,
                subject: selector.words
            )
            let progress = try await platform.store.cancelWaiting(request)
            answer(progress, operation: progress.cancelled > 0 ? request.operation : nil, context.output)
        }
    }

    private func count(_ selector: Selector, _ store: Store) async throws(StoreError) -> Int {
        var scan = WaitingScan(store, selector)
        var count = 0
        while let jobs = try await scan.next() { count += jobs.count }
        return count
    }

    private func answer(_ progress: CancelProgress, operation: String?, _ output: CommandOutput) {
        if self.output.json {
            output.print([
                "operation": .string(operation), "cancelled": .int(progress.cancelled),
                "jobs": .object(progress.jobs.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) }),
                "more": .bool(progress.hasMore),
            ])
            return
        }
        guard let operation else { return output.print("nothing to cancel") }
        output.print("cancelled \(progress.cancelled), operation \(operation)")
        for (job, count) in progress.jobs.sorted(by: { $0.key < $1.key }) { output.print("  \(count)  \(job)") }
        if progress.hasMore { output.print("there may be more: the limit was \(selector.limit)") }
    }
}
