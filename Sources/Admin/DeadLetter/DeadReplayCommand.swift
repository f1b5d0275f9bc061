import ArgumentParser
import JobCore

struct DeadReplayCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run dead jobs again, with their ids, from attempt 1.",
        discussion: """
            The letters become waiting jobs in transactions of at most 500 under one operation; the promoter publishes
            them. Delay, debounce, throttle and unique requests are dropped. More than 100 want --yes or a typed answer.

            With --canary a few letters go first, and the next ones when those did not fail again. Ctrl-C or --detach
            leaves the replay to the loops; `operation show|stop|resume ID` follows and governs it.

            jobctl dead replay --group 5f1d… --limit 0 --dry-run
            jobctl dead replay --group 5f1d… --limit 0 --canary 1,5,20,100 --rate 50/s --abort-if-fail 5%
            """
    )

    /// Up to so many letters are replayed without asking.
    private static let unasked = 100

    @OptionGroup var selector: SelectorOptions

    @Flag(help: "Say what would be replayed, and do nothing.")
    var dryRun = false

    @Option(help: "How fast they become due: 50/s, 600/m.")
    var rate: String?

    @Option(
        help: "Go on only when so many letters in all went well, step by step: 1,5,20,100, or shares such as 1%,10%."
    )
    var canary: String?

    @Option(help: "Stop when more than this share of the outcomes are failures: 5% (the default with --canary).")
    var abortIfFail: String?

    @Flag(help: "Begin, and leave it to the loops.")
    var detach = false

    @Flag(help: "Replay letters past their expiry as well, without it.")
    var includeExpired = false

    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let request = ReplayRequest(
            selector: try selector.changingSelector(of: .letters),
            rules: Replay.Rules(operation: JobID().description, includesExpired: includeExpired),
            rate: try rate.map { try RateText.perSecond($0, "--rate") },
            care: try ReplayCare(canary: canary, abortIfFail: abortIfFail),
            actor: context.actor,
            reason: reason.reason,
            subject: selector.words
        )
        try await context.withPlatform(dryRun ? .look : .change) { platform in
            try await platform.store.checkSchema()
            let unmet = try await unmetIDs(request.selector, platform.store)
            if dryRun {
                let progress = try await platform.store.rehearse(request)
                print(ReplayAnswer(progress, unmet, isDry: true), platform, context.output)
            } else {
                try await confirm(request, platform, context)
                try await replay(request, unmet, platform, context)
            }
            guard unmet.unknown > 0 else { return }
            throw CommandFailure(
                .failed,
                "not_found",
                "\(unmet.unknown) of the ids have no dead letter",
                remedy: "jobctl dead list"
            )
        }
    }

    private func confirm(_ request: ReplayRequest, _ platform: Platform, _ context: CommandContext) async throws {
        let limit = request.selector.limit
        guard !consent.yes, limit == 0 || limit > DeadReplayCommand.unasked else { return }
        let count = try await platform.store.countLetters(request.selector)
        guard count > DeadReplayCommand.unasked else { return }
        let deed = "replay \(count) dead letters on \(platform.display)"
        try await Confirmation(deed: deed, word: String(count)).obtain(consent, context)
    }

    private func replay(
        _ request: ReplayRequest,
        _ unmet: UnmetIDs,
        _ platform: Platform,
        _ context: CommandContext
    ) async throws {
        let driver = "jobctl \(JobID())"
        var turn = try await platform.store.beginReplay(request, by: driver)
        if detach {
            // The loops find it when there is something to find: an operation that everybody can see.
            while case .moved(let run) = turn, run.progress.replayed == 0 {
                turn = try await platform.store.stepReplay(run.operation, by: driver) ?? turn
            }
            try await platform.store.leaveReplay(request.rules.operation, by: driver)
            return print(ReplayAnswer(turn.run, unmet, isLeft: turn.run.state == .running), platform, context.output)
        }
        let output = context.output
        let lead = ReplayLead(platform.store, driver: driver) { [isQuiet = self.output.json] line in
            if !isQuiet { output.error(line) }
        }
        switch try await lead.run(turn) {
        case .left(let run): print(ReplayAnswer(run, unmet, isLeft: true), platform, output)
        case .ended(let run):
            var answer = ReplayAnswer(run, unmet)
            if !request.care.isNone { answer.outcomes = try await platform.store.replayOutcomes(run.operation) }
            print(answer, platform, output)
            guard run.state == .stopped else { return }
            throw CommandFailure(
                .failed,
                "replay_stopped",
                run.stoppedBecause ?? "it was stopped by an operator",
                remedy: "jobctl dead groups; when it is mended: jobctl operation resume \(run.operation)"
            )
        }
    }

    /// Ids that were asked for and have no open letter: in which state theirs are, or that there is none.
    private func unmetIDs(
        _ selector: Selector,
        _ store: Store
    ) async throws(StoreError) -> UnmetIDs {
        guard !selector.ids.isEmpty else { return UnmetIDs() }
        let states = try await store.letterStates(of: selector.ids)
        let settled = states.values.filter { !$0.contains(.open) }.compactMap { states in
            LetterState.allCases.first { states.contains($0) }
        }
        return UnmetIDs(
            settled: Dictionary(settled.map { ($0.rawValue, 1) }, uniquingKeysWith: +),
            unknown: Set(selector.ids).count - states.count
        )
    }

    private func print(_ answer: ReplayAnswer, _ platform: Platform, _ output: CommandOutput) {
        if self.output.json { return output.print(answer.json) }
        output.print(platform.display)
        let verb = answer.isDry ? "would replay" : "replayed"
        let operation = answer.operation.map { ", operation \($0)" } ?? ""
        output.print("\(verb) \(answer.progress.replayed), skipped \(answer.skipped)" + operation)
        for (reason, count) in answer.reasons { output.print("  \(count)  \(reason)") }
        if let outcomes = answer.outcomes { output.print("  so far: \(outcomes.words)") }
        if answer.progress.hasMore { output.print("there may be more: the limit was \(selector.limit)") }
        if answer.isLeft, let operation = answer.operation {
            output.print("the loops go on with it: jobctl operation show|stop \(operation)")
        }
    }
}
