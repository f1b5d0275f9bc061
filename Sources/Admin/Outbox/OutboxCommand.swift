import ArgumentParser
import JobCore

struct OutboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox",
        abstract: "Jobs enqueued by SQL, inside a producer's own transaction.",
        subcommands: [OutboxInstallCommand.self, OutboxStatusCommand.self],
        defaultSubcommand: OutboxStatusCommand.self
    )
}

extension Platform {
    /// The databases to relay from, or what to do where there can be none.
    fileprivate func requireOutboxes() throws(CommandFailure) -> [Outbox] {
        guard profile == .cluster else {
            throw CommandFailure(
                .failed,
                "no_outbox",
                "the embedded profile has no outbox: it has no PostgreSQL to put one into",
                remedy: "enqueue over HTTP (jobctl serve), or set JOBS_BROKER_URL and JOBS_DATABASE_URL"
            )
        }
        return outboxes
    }
}

struct OutboxInstallCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Put jobs.enqueue and jobs.outbox into each database of JOBS_OUTBOX_URLS (default: the store's).",
        discussion: """
            Can be run again; only adds. The roles of the URLs need the right to create a schema, or that of the schema jobs. A \
            program then calls select jobs.enqueue('notification.email', '{"to": …}', '{"delay_ms": 5000}') in its own \
            transaction: the job runs if that commits, and only then.

            jobctl outbox install --grant api
            """
    )

    @Flag(help: "Print the SQL, for a migration of your own, and connect to nothing.")
    var print = false

    @Option(help: "A role that may enqueue; can be given more than once.")
    var grant: [String] = []

    @Option(help: "The role that workers and schedulers connect as, where it is not the one that installs.")
    var relayRole: String?

    @OptionGroup var reason: ReasonOption
    /// Taken and not needed: installing only adds.
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let configuration = try PlatformConfiguration.fromEnvironment(context.environment)
        let schema = OutboxSchema(prefix: configuration.prefix)
        if print {
            let script = schema.script(callers: grant, relay: relayRole)
            context.output.print(output.json ? (["sql": .text(script)] as JSONValue).text : script)
            return
        }
        try await context.withPlatform(.change, role: .admin) { platform in
            let outboxes = try platform.requireOutboxes()
            let statements = schema.statements(callers: grant, relay: relayRole)
            for outbox in outboxes {
                try await outbox.driver.migrate { session throws(StoreError) in
                    for statement in statements { try session.execute(statement) }
                }
            }
            let operation = JobCore.Operation(
                kind: "outbox.install",
                subject: schema.schema,
                actor: context.actor,
                reason: reason.reason,
                detail: ["databases": .list(outboxes.map(\.display)), "granted": .list(grant)]
            )
            try await platform.store.record(operation)
            if output.json {
                context.output.print([
                    "operation": .text(operation.id), "databases": .array(outboxes.map { .text($0.display) }),
                ])
            } else {
                for outbox in outboxes { context.output.print("installed in \(outbox.display)") }
                context.output.print("operation \(operation.id)")
            }
        }
    }
}

struct OutboxStatusCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "What waits in each outbox; exits 3 when one is behind or not there.",
        discussion: """
            The loops move rows within half a second while the broker takes them; older ones are a sign.

            jobctl outbox status
            """
    )

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.withPlatform(.look) { platform in
            var table = Table(
                platform.display,
                [("DATABASE", .left), ("ROWS", .right), ("ON THEIR WAY", .right), ("OLDEST", .right), ("STATE", .left)]
            )
            var answers: [JSONValue] = []
            var isWell = true
            for outbox in try platform.requireOutboxes() {
                let look = await OutboxLook(outbox)
                isWell = isWell && look.isWell
                table.append(look.cells)
                answers.append(look.json)
            }
            if output.json {
                context.output.print(JSONValue.array(answers))
            } else {
                table.end(to: context.output, empty: "no outbox")
            }
            if !isWell { throw ExitRequest(.checkFailed) }
        }
    }
}

/// One outbox as `outbox status` and `doctor` see it.
struct OutboxLook {
    let outbox: Outbox
    private let status: Result<OutboxStatus?, StoreError>

    init(_ outbox: Outbox) async {
        self.outbox = outbox
        do throws(StoreError) {
            status = .success(try await outbox.status())
        } catch {
            status = .failure(error)
        }
    }

    private var found: OutboxStatus? { (try? status.get()) ?? nil }
    private var isBehind: Bool { found?.oldestAge.map { $0 > OutboxStatus.behind } ?? false }

    var isWell: Bool { found != nil && !isBehind }

    private var state: String {
        switch status {
        case .failure(let error): error.label
        case .success(nil): "not_installed"
        case .success: isBehind ? "behind" : "ok"
        }
    }

    private var rows: String {
        guard let rows = found?.rows else { return Spoken.unknown }
        return rows < OutboxStatus.countedTo ? "\(rows)" : "\(rows)+"
    }

    private var age: String {
        guard let found else { return Spoken.unknown }
        return found.oldestAge.map(Spoken.duration) ?? "-"
    }

    var cells: [String] { [outbox.display, rows, Spoken.count(found?.claimed), age, state] }

    var json: JSONValue {
        [
            "database": .text(outbox.display), "state": .text(state), "rows": found.map { .int($0.rows) } ?? .null,
            "on_their_way": found.map { .int($0.claimed) } ?? .null,
            "oldest_age_seconds": found?.oldestAge.map { .double($0.seconds) } ?? .null,
        ]
    }

    /// A database without an outbox is no mistake: nobody has to use one.
    var checkup: Checkup {
        let name = "outbox \(outbox.display)"
        switch status {
        case .failure(let error): return .failed(name, error)
        case .success(nil): return .good(name, "not installed; jobctl outbox install, to enqueue by SQL")
        case .success(let status?):
            let age = status.oldestAge.map { ", the oldest \(Spoken.duration($0)) old" } ?? ""
            guard !isBehind else {
                return .bad(name, "\(rows) rows\(age)", remedy: "jobctl doctor shows whether the loop relay runs")
            }
            return .good(name, "\(rows) rows\(age)")
        }
    }
}
