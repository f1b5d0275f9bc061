import ArgumentParser
import JobCore

struct WaitingRunNowCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "run-now",
        abstract: "Let waiting jobs become due at once.",
        discussion: """
            jobctl waiting run-now 0197a3c4-1c11-7d39-8a52-90f6b8f1d2c3
            """
    )

    @OptionGroup var selector: SelectorOptions
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.reschedule(selector, .now, reason, output)
    }
}

struct WaitingRescheduleCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "reschedule",
        abstract: "Let waiting jobs become due at another time.",
        discussion: """
            jobctl waiting reschedule --queue notifications_email --in 1h
            """
    )

    @OptionGroup var selector: SelectorOptions
    @Option(help: "At this instant (RFC 3339).") var at: String?
    @Option(name: .customLong("in"), help: "So long from now, such as 2h.") var later: String?
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let when: RescheduleRequest.When
        switch (at, later) {
        case (let text?, nil):
            guard let instant = Timestamp(rfc3339: text) else {
                throw CommandFailure.usage("--at \(text) is no instant", remedy: "such as 2026-11-27T20:00:00Z")
            }
            when = .at(instant)
        case (nil, let text?):
            guard let duration = Duration(manifest: text) else {
                throw CommandFailure.usage("--in \(text) is no duration", remedy: Duration.manifestForm)
            }
            when = .after(duration)
        default: throw CommandFailure.usage("when?", remedy: "--at INSTANT or --in 2h")
        }
        try await context.reschedule(selector, when, reason, output)
    }
}

extension CommandContext {
    fileprivate func reschedule(
        _ selector: SelectorOptions,
        _ when: RescheduleRequest.When,
        _ reason: ReasonOption,
        _ options: OutputOptions
    ) async throws {
        let request = RescheduleRequest(
            selector: try selector.changingSelector(of: .waiting),
            when: when,
            operation: JobID().description,
            actor: actor,
            reason: reason.reason,
            subject: selector.words
        )
        try await withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            let moved = try await platform.store.reschedule(request)
            let operation = moved > 0 ? request.operation : nil
            if options.json {
                return output.print(["operation": .string(operation), "moved": .int(moved)])
            }
            guard let operation else { return output.print("nothing waits that this means, or it is being published") }
            output.print("moved \(moved), operation \(operation)")
        }
    }
}
