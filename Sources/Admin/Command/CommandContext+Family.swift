import JobCore

extension CommandContext {
    /// Runs a verb that a job family brought.
    func run(_ verb: FamilyVerb, _ arguments: [String], asJSON: Bool) async -> ExitStatus {
        if arguments.contains("--help") || arguments.contains("-h") {
            output.print("\(verb.abstract)\n\nUSAGE: jobctl \(verb.usage)")
            return .ok
        }
        do {
            let purpose: PlatformPurpose = verb.use == .looks ? .look : .change
            let answer = try await withPlatform(purpose, creates: verb.use == .loads) { platform in
                if platform.profile == .embedded, verb.use != .looks { try await platform.migrate() }
                try await platform.store.checkSchema()
                let context = FamilyVerb.Context(
                    arguments: arguments.filter { $0 != "--json" },
                    environment: environment,
                    logger: logger,
                    store: platform.store,
                    note: { [output] in output.error($0) }
                )
                return try await verb.run(context)
            }
            output.print(asJSON ? answer.json : answer.text)
            return .ok
        } catch let error as FamilyVerb.UsageError {
            output.report(.usage(error.message, remedy: error.remedy), asJSON: asJSON)
            return .usage
        } catch {
            let failure = CommandFailure(error)
            output.report(failure, asJSON: asJSON)
            return failure.status
        }
    }
}
