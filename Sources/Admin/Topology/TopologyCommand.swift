import ArgumentParser
import JobCore

struct TopologyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology",
        abstract: "Exchanges, queues, bindings, policies and routes, as the declarations want them.",
        subcommands: [TopologyPlanCommand.self, TopologyApplyCommand.self],
        defaultSubcommand: TopologyPlanCommand.self
    )
}

struct TopologyPlanCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what topology apply would change; exits 3 when there is a difference.",
        discussion: """
            jobctl topology plan
            """
    )

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let topology = try context.manifest().topology
        try await context.withPlatform(.look) { platform in
            let plan = try await TopologyPlan(topology, platform)
            plan.print(to: context.output, asJSON: output.json, platform: platform)
            if !plan.isEmpty { throw ExitRequest(.checkFailed) }
        }
    }
}

struct TopologyApplyCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make broker and routing table as the declarations want them.",
        discussion: """
            jobctl topology apply --reason "release 12"
            """
    )

    /// After this, a queue survives a `kill -9` of the broker (measured: 0.9 s on a loaded machine was too young).
    private static let ageing: Duration = .seconds(3)

    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let topology = try context.manifest().topology
        try await context.withPlatform(.change, creates: true, role: .admin) { platform in
            if platform.profile == .embedded { try await platform.migrate() }
            try await platform.store.checkSchema()
            let plan = try await TopologyPlan(topology, platform)
            guard !plan.isEmpty else {
                return plan.print(to: context.output, asJSON: output.json, platform: platform, operation: nil)
            }
            let deletions = plan.deletions
            if deletions > 0 {
                plan.print(to: context.output, asJSON: false, platform: platform, onError: true)
                let deed = "delete \(deletions) part\(deletions == 1 ? "" : "s") of the topology on \(platform.display)"
                try await Confirmation(deed: deed, word: "delete").obtain(consent, context)
            }
            let operation = plan.operation(by: context.actor, reason: reason.reason)
            try await plan.apply(to: platform, recording: operation)
            if platform.profile == .cluster, plan.newQueues > 0 {
                // RabbitMQ gives no sign of it: see decision 0005 on young quorum queues.
                context.output.error(
                    "waiting \(TopologyApplyCommand.ageing.seconds) s: the broker writes new queues down late"
                )
                try await Task.sleep(for: TopologyApplyCommand.ageing)
            }
            plan.print(to: context.output, asJSON: output.json, platform: platform, operation: operation.id)
            if plan.byHand > 0 { throw ExitRequest(.checkFailed) }
        }
    }
}
