import ArgumentParser
import JobCore

/// Letters in other states than open, for verbs that look.
struct LetterStateOption: ParsableArguments {
    @Option(help: "open (default), replaying, replayed, purged, drained, or all.")
    var state: String?

    /// Nil for all. Ids that are named are shown in any state.
    func state(for selector: Selector) throws -> LetterState? {
        guard let state else { return selector.ids.isEmpty ? .open : nil }
        if state == "all" { return nil }
        guard let known = LetterState(rawValue: state) else {
            let allowed = LetterState.allCases.map(\.rawValue) + ["all"]
            throw CommandFailure.usage("\"\(state)\" is not a letter's state; \(NearestWord.advice(state, allowed))")
        }
        return known
    }
}

struct DeadListCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List dead letters, the newest first.",
        discussion: """
            jobctl dead list --group 5f1d0c7a9b3e2d46
            jobctl dead list --error smtp_rejected --where to=ana@example.com
            """
    )

    @OptionGroup var selector: SelectorOptions
    @OptionGroup var state: LetterStateOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let selector = try selector.selector(of: .letters)
        let state = try state.state(for: selector)
        try await context.withPlatform(.look) { platform in
            var scan = LetterScan(platform.store, selector, state: state)
            if output.json {
                var list = context.output.list()
                while let letters = try await scan.next() {
                    for letter in letters { list.append(.object(letter.json)) }
                }
                list.end()
            } else {
                try await print(&scan, platform, context.output)
            }
        }
    }

    private func print(_ scan: inout LetterScan, _ platform: Platform, _ output: CommandOutput) async throws {
        var table = Table(
            platform.display,
            [
                ("ID", .left), ("JOB", .left), ("QUEUE", .left), ("ATTEMPTS", .right), ("ERROR", .left),
                ("FAILED AT", .left), ("STATE", .left), ("MESSAGE", .left),
            ]
        )
        var cursor: Int64?
        while let letters = try await scan.next() {
            for letter in letters {
                table.append([
                    letter.jobID.description, letter.job, letter.address.name, String(letter.attempts),
                    letter.errorType, letter.failedAt.description, letter.state.rawValue,
                    Spoken.excerpt(letter.errorMessage),
                ])
                cursor = letter.letterID
            }
            table.flush(to: output)
        }
        table.end(to: output, empty: "no dead letters")
        if scan.hasMore, let cursor { output.print("there may be more: --after \(cursor), or --limit 0 for all") }
    }
}

extension LetterRecord {
    /// Without payload and headers: those may be personal.
    var json: [(key: String, value: JSONValue)] {
        [
            ("id", .text(jobID.description)), ("job", .text(job)), ("queue", .text(address.queue)),
            ("attempts", .int(attempts)), ("error_type", .text(errorType)), ("error_message", .text(errorMessage)),
            ("failed_at", .instant(failedAt)), ("fingerprint", .text(fingerprint)), ("build", .text(build)),
            ("lane", .text(address.lane.rawValue)), ("state", .text(state.rawValue)),
            ("operation", .string(operationID)), ("cursor", .text(String(letterID))),
        ]
    }
}
