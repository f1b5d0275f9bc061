/// Asks before something is destroyed. Without a terminal only `--yes` counts, and nothing is done without it.
struct Confirmation {
    /// What will happen: `cancel 1 234 waiting jobs`.
    let deed: String
    /// What a person types to agree: short, and not typed by habit.
    let word: String

    func obtain(_ consent: ConsentOption, _ context: CommandContext) async throws {
        if consent.yes { return }
        guard context.input.isTerminal else {
            throw CommandFailure.usage("this would \(deed); nothing was done", remedy: "add --yes")
        }
        context.output.error("This will \(deed). Type \(word) to go on:")
        guard let answer = try await context.input.line(), answer == word else {
            throw CommandFailure(.usage, "not_confirmed", "not confirmed; nothing was done")
        }
    }
}
