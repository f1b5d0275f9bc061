import ArgumentParser
import JobCore

struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "The store's schema.",
        subcommands: [MigratePlanCommand.self, MigrateApplyCommand.self],
        defaultSubcommand: MigratePlanCommand.self
    )
}

struct MigratePlanCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show the steps that migrate apply would take; exits 3 when there are any.",
        discussion: """
            jobctl migrate plan
            """
    )

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let configuration = try PlatformConfiguration.fromEnvironment(context.environment)
        guard configuration.missingFile == nil else {
            try end(
                .nothingYet(context.registry.migrations),
                "embedded \(configuration.missingFile ?? "")",
                context.output
            )
            return
        }
        try await context.withPlatform(.look) { platform in
            try end(try await platform.store.migrationPlan(), platform.display, context.output)
        }
    }

    private func end(_ plan: MigrationPlan, _ display: String, _ output: CommandOutput) throws {
        plan.print(to: output, asJSON: self.output.json, display: display)
        if !plan.pending.isEmpty { throw ExitRequest(.checkFailed) }
    }
}

struct MigrateApplyCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Apply the missing steps. Steps only add, so the build before goes on working.",
        discussion: """
            jobctl migrate apply --reason "release 12"
            """
    )

    @OptionGroup var reason: ReasonOption
    /// Taken and not needed, as long as every step only adds: scripts give it to every apply.
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.withPlatform(.migrate, creates: true) { platform in
            let plan = try await platform.store.migrationPlan()
            try await platform.migrate()
            var operation: JobCore.Operation?
            if !plan.pending.isEmpty {
                let record = JobCore.Operation(
                    kind: "migrate.apply",
                    subject: "schema \(plan.target)",
                    actor: context.actor,
                    reason: reason.reason,
                    detail: ["from": .int(plan.current), "to": .int(plan.target)]
                )
                try await platform.store.record(record)
                operation = record
            }
            plan.print(to: context.output, asJSON: output.json, display: platform.display, operation: operation?.id)
        }
    }
}

extension MigrationPlan {
    fileprivate var target: Int { pending.map(\.version).filter { $0 < Migration.firstOfFamilies }.max() ?? current }

    /// - Parameter operation: of an applied plan; a plan that is only shown has none.
    fileprivate func print(to output: CommandOutput, asJSON: Bool, display: String, operation: String? = nil) {
        if asJSON {
            output.print([
                "operation": .string(operation), "current": .int(current), "target": .int(target),
                "steps": .array(pending.map { ["version": .int($0.version), "name": .text($0.name)] }),
            ])
            return
        }
        output.print(display)
        guard !pending.isEmpty else { return output.print("the schema is at \(current), nothing to do") }
        for step in pending { output.print("  + \(step.version) \(step.name)") }
        if let operation { output.print("the schema went from \(current) to \(target), operation \(operation)") }
    }
}
