import ArgumentParser
import JobCore

struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Keys with which programs enqueue over HTTP.",
        subcommands: [KeyListCommand.self, KeyCreateCommand.self, KeyRevokeCommand.self],
        defaultSubcommand: KeyListCommand.self
    )
}

struct KeyCreateCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a key and print it, this once: only its hash is kept.",
        discussion: """
            jobctl key create api --allow "notification.*"
            """
    )

    @Argument(help: "Who will have it, such as the API's name.")
    var name: String

    @Option(help: "Jobs it may enqueue and look up: a name, or a pattern with *; can be given more than once.")
    var allow: [String] = []

    @Flag(help: "It may also read all queues and jobs.")
    var read = false

    @Option(help: "How long it is valid, such as 90d. Default: until it is revoked.")
    var expires: String?

    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        guard read || !allow.isEmpty else {
            throw CommandFailure.usage("what may it do?", remedy: "--allow 'notification.*', --allow '*' or --read")
        }
        if let bad = allow.first(where: { !APIKey.isPattern($0) }) {
            throw CommandFailure.usage("\"\(bad)\" is no job name or pattern", remedy: "such as 'notification.*'")
        }
        let lasting = try expires.map { text in
            guard let lasting = Duration(manifest: text) else {
                throw CommandFailure.usage("--expires must be \(Duration.manifestForm)")
            }
            return lasting
        }
        try await context.withPlatform(.change, creates: true, role: .admin) { platform in
            if platform.profile == .embedded { try await platform.migrate() }
            let token = APIToken()
            let request = APIKeyRequest(name: name, patterns: allow, reads: read, lasting: lasting)
            let operation = JobCore.Operation(
                kind: "key.create",
                subject: token.id,
                actor: context.actor,
                reason: reason.reason,
                detail: ["name": .text(name), "allow": .list(allow), "read": .bool(read)]
            )
            try await platform.store.create(request, token, operation)
            if output.json {
                context.output.print([
                    "operation": .text(operation.id), "id": .text(token.id), "key": .text(token.text),
                ])
            } else {
                context.output.print(token.text)
                context.output.error("key \(token.id) for \(name); it is not shown again. operation \(operation.id)")
            }
        }
    }
}

struct KeyListCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "All keys, without their secrets.",
        discussion: """
            jobctl key list
            """
    )

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.withPlatform(.look, role: .admin) { platform in
            let (keys, now) = (try await platform.store.keys(), try await platform.store.now())
            if output.json {
                var list = context.output.list()
                for key in keys { list.append(key.json(at: now)) }
                return list.end()
            }
            var table = Table(
                platform.display,
                [
                    ("ID", .left), ("NAME", .left), ("STATE", .left), ("ALLOWED", .left), ("CREATED", .left),
                    ("EXPIRES", .left), ("LAST USED", .left),
                ]
            )
            for key in keys {
                let allowed = key.patterns + (key.reads ? ["(reads)"] : [])
                table.append([
                    key.id, key.name, key.state(at: now), allowed.joined(separator: " "), key.createdAt.description,
                    key.expiresAt?.description ?? "-", key.lastUsedAt?.description ?? "-",
                ])
            }
            table.end(to: context.output, empty: "no keys: jobctl key create NAME --allow 'notification.*'")
        }
    }
}

struct KeyRevokeCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "End a key: within five seconds every server refuses it.",
        discussion: """
            jobctl key revoke api --reason "leaked"
            """
    )

    @Argument(help: "Its id, as key list shows it.")
    var id: String

    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.withPlatform(.change, role: .admin) { platform in
            let operation = JobCore.Operation(
                kind: "key.revoke",
                subject: id,
                actor: context.actor,
                reason: reason.reason
            )
            guard try await platform.store.revoke(id, operation) else {
                throw CommandFailure(.failed, "not_found", "no valid key has the id \(id)", remedy: "jobctl key list")
            }
            if output.json {
                context.output.print(["operation": .text(operation.id), "id": .text(id)])
            } else {
                context.output.print("revoked \(id), operation \(operation.id)")
            }
        }
    }
}

extension APIKey {
    fileprivate func state(at now: Timestamp) -> String {
        revokedAt != nil ? "revoked" : expiresAt.map { $0 <= now } ?? false ? "expired" : "valid"
    }

    fileprivate func json(at now: Timestamp) -> JSONValue {
        [
            "id": .text(id), "name": .text(name), "state": .text(state(at: now)),
            "allow": .array(patterns.map { .text($0) }), "read": .bool(reads), "created_at": .instant(createdAt),
            "expires_at": .instant(expiresAt), "revoked_at": .instant(revokedAt), "last_used_at": .instant(lastUsedAt),
        ]
    }
}
