import ArgumentParser
import JobCore

struct DeadReplayCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run dead jobs again, with their ids, from attempt 1.",
        discussion: """
            The letters become waiting jobs in transactions of at most 500 under one operation; the promoter publishes
            them. Delay, debounce, throttle and unique requests are dropped. More than 100 want --yes or a typed answer.
            """
    )

    /// Up to so many letters are replayed without asking.
    private static let unasked = 100

    @OptionGroup var selector: SelectorOptions

    @Flag(help: "Say what would be replayed, and do nothing.")
    var dryRun = false

    @Option(help: "How fast they become due: 50/s, 600/m.")
    var rate: String?

    @Flag(help: "Replay letters past their expiry as well, without it.")
    var includeExpired = false

    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let request = ReplayRequest(
            selector: try selector.changingSelector(of: .letters),
            rules: Replay.Rules(operation: JobID().description, includesExpired: includeExpired),
            rate: try rate.map(perSecond),
            actor: context.actor,
            reason: reason.reason,
            subject: selector.words
        )
        try await context.withPlatform(dryRun ? .look : .change) { platform in
            try await platform.store.checkSchema()
            let unmet = try await unmetIDs(request.selector, platform.store)
            let progress = try await run(request, platform, context)
            print(progress, unmet, request, platform, context.output)
            guard unmet.unknown > 0 else { return }
            throw CommandFailure(
                .failed,
                "not_found",
                "\(unmet.unknown) of the ids have no dead letter",
                remedy: "jobctl dead list"
            )
        }
    }

    private func run(
        _ request: ReplayRequest,
        _ platform: Platform,
        _ context: CommandContext
    ) async throws -> ReplayProgress {
        if dryRun { return try await platform.store.rehearse(request) }
        let limit = request.selector.limit
        if limit == 0 || limit > DeadReplayCommand.unasked, !consent.yes {
            let rehearsal = try await platform.store.rehearse(request)
            if rehearsal.replayed > DeadReplayCommand.unasked {
                let deed = "replay \(rehearsal.replayed) dead letters on \(platform.display)"
                try await Confirmation(deed: deed, word: String(rehearsal.replayed)).obtain(consent, context)
            }
        }
        return try await platform.store.replay(request)
    }

    /// Ids that were asked for and have no open letter: in which state theirs are, or that there is none.
    private func unmetIDs(
        _ selector: Selector,
        _ store: Store
    ) async throws(StoreError) -> (settled: [String: Int], unknown: Int) {
        guard !selector.ids.isEmpty else { return ([:], 0) }
        let states = try await store.letterStates(of: selector.ids)
        let settled = states.values.filter { !$0.contains(.open) }.compactMap { states in
            LetterState.allCases.first { states.contains($0) }
        }
        return (
            Dictionary(settled.map { ($0.rawValue, 1) }, uniquingKeysWith: +), Set(selector.ids).count - states.count
        )
    }

    private func print(
        _ progress: ReplayProgress,
        _ unmet: (settled: [String: Int], unknown: Int),
        _ request: ReplayRequest,
        _ platform: Platform,
        _ output: CommandOutput
    ) {
        let operation = dryRun || progress.replayed == 0 ? nil : request.rules.operation
        var reasons = progress.skipped.merging(unmet.settled, uniquingKeysWith: +)
        let skipped = reasons.values.reduce(0, +)
        if unmet.unknown > 0 { reasons["not_found"] = unmet.unknown }
        let sorted = reasons.sorted { $0.key < $1.key }
        if self.output.json {
            output.print([
                "operation": .string(operation), "replayed": .int(progress.replayed), "skipped": .int(skipped),
                "failed": .int(unmet.unknown), "reasons": .object(sorted.map { ($0.key, .int($0.value)) }),
                "dry_run": .bool(dryRun), "more": .bool(progress.hasMore),
            ])
            return
        }
        output.print(platform.display)
        let verb = dryRun ? "would replay" : "replayed"
        output.print("\(verb) \(progress.replayed), skipped \(skipped)" + (operation.map { ", operation \($0)" } ?? ""))
        for (reason, count) in sorted { output.print("  \(count)  \(reason)") }
        if progress.hasMore { output.print("there may be more: the limit was \(selector.limit)") }
    }

    private func perSecond(_ text: String) throws -> Double {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let seconds: [Substring: Double] = ["s": 1, "m": 60, "h": 3600]
        guard parts.count == 2, let count = Double(parts[0]), (0.001...1_000_000).contains(count),
            let period = seconds[parts[1]]
        else { throw CommandFailure.usage("--rate must be a number and a unit: 50/s, 600/m or 1000/h") }
        return count / period
    }
}
