package import ArgumentParser

/// A verb of the platform. The parser makes the value, the context comes as an argument: neither a global nor a
/// task-local carries the registry, and a test runs a verb with its own.
package protocol JobsCommand: ParsableCommand {
    func execute(_ context: CommandContext) async throws
}

extension JobsCommand {
    /// ArgumentParser's own way to run, never taken: `JobsMain` calls `execute`.
    package func run() throws {
        throw CleanExit.helpRequest(self)
    }
}

/// `--json`, of every verb.
package struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON for scripts; see docs/json.md.")
    package var json = false

    package init() {}
}

/// Why a change is made, for the audit; of every verb that changes something.
package struct ReasonOption: ParsableArguments {
    @Option(help: "Why; kept with the operation.")
    package var reason: String?

    package init() {}
}

/// The typed or given consent that a destructive verb wants.
package struct ConsentOption: ParsableArguments {
    @Flag(help: "Do it without asking.")
    package var yes = false

    package init() {}
}
