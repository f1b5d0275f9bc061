import ArgumentParser

/// `jobctl`: nouns and their verbs.
struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobctl",
        abstract: "CheckIn's asynchronous jobs: run workers, look, and mend.",
        discussion: """
            JOBS_BROKER_URL and JOBS_DATABASE_URL choose the platform; both unset, it is .jobs/jobs.db in this directory.
            JOBS_DIR names the declarations (./jobs). Every verb takes --json.
            Exit status: 0 ok, 1 failed, 2 usage, 3 a check did not hold, 4 try again later.
            """,
        subcommands: [LoneAttemptCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Daemons:",
                subcommands: [DevCommand.self, WorkCommand.self, SchedulerCommand.self, ServeCommand.self]
            ),
            CommandGroup(name: "Enqueue:", subcommands: [EnqueueCommand.self]),
            CommandGroup(
                name: "Look:",
                subcommands: [
                    QueuesCommand.self, LagCommand.self, WorkersCommand.self, DoctorCommand.self, ScheduleCommand.self,
                    JobCommand.self, OperationCommand.self, AuditCommand.self,
                ]
            ),
            CommandGroup(name: "Mend:", subcommands: [WaitingCommand.self, DeadCommand.self, AlertCommand.self]),
            CommandGroup(
                name: "Control:",
                subcommands: [
                    QueueCommand.self, JobTypeCommand.self, BreakerCommand.self, LimitCommand.self, WorkerCommand.self,
                ]
            ),
            CommandGroup(name: "Measure:", subcommands: [CapacityCommand.self, LoadCommand.self]),
            CommandGroup(
                name: "Set up:",
                subcommands: [
                    TopologyCommand.self, MigrateCommand.self, OutboxCommand.self, KeyCommand.self,
                    ContractCommand.self, PrivacyCommand.self,
                ]
            ),
        ]
    )
}
