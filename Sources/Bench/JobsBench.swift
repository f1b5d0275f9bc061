import ArgumentParser

/// `jobs-bench`: measures both profiles with real processes. `run` is for people, the rest are the processes it starts.
@main
struct JobsBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs-bench",
        abstract: "Measure CheckIn Jobs: throughput, latency, CPU and memory of real processes.",
        subcommands: [
            RunCommand.self, WorkChild.self, EnqueueChild.self, HoldChild.self, BarePublishChild.self,
            BareConsumeChild.self,
        ],
        defaultSubcommand: RunCommand.self
    )
}
