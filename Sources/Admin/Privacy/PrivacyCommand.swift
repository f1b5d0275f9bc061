import ArgumentParser
import JobCore

struct PrivacyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "privacy",
        abstract: "Take a person out of everything that is kept.",
        subcommands: [PrivacyEraseCommand.self]
    )
}

struct PrivacyEraseCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase",
        abstract: "Erase a person from waiting jobs, dead letters, outboxes and keys; says what it cannot reach.",
        discussion: """
            A subject is a member of payloads with its value, or a text of five characters or more wherever it stands as a word of
            its own. Waiting jobs are cancelled, letters lose payload, headers and message for good: no undo brings them back. The
            audit keeps a hash of the subject. Repeating it is harmless.

            jobctl privacy erase --subject user_id=42 --dry-run
            jobctl privacy erase --subject ana@example.com --reason "request 811"
            """
    )

    @Option(help: "member=value (user_id=42, data.to=ana@example.com), or a text such as an address.") var subject:
        String
    @Flag(help: "Count, and change nothing.") var dryRun = false
    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        guard let subject = Subject(subject) else {
            throw CommandFailure.usage(
                "--subject is too short to mean one person",
                remedy: "member=value, or a text of at least \(Subject.shortestText) characters"
            )
        }
        // What families keep is an admin's to read and to delete.
        let families = context.registry.erasures
        let role: OperatorRole = families.isEmpty ? .oper : .admin
        try await context.withPlatform(dryRun ? .look : .change, role: role) { platform in
            try await platform.store.checkSchema()
            let id = JobID().description
            if !dryRun {
                let found = try await erase(subject, id, platform, context, changes: false)
                // Before anything is changed: whoever may not see these rows is told now.
                let kept = try await platform.store.erase(families, subject, changes: false)
                let deed =
                    "erase \(found.letters) letters and \(found.waiting) waiting jobs"
                    + kept.map { ", \($0.rows) \($0.name)" }.joined() + " for good on \(platform.display)"
                try await Confirmation(deed: deed, word: "erase").obtain(consent, context)
            }
            let erasure = try await erase(subject, id, platform, context, changes: !dryRun)
            let kept = try await platform.store.erase(families, subject, changes: !dryRun)
            if !dryRun { try await platform.store.record(operation(id, subject, erasure, context)) }
            let unreached = try await unreached(platform)
            if output.json {
                return context.output.print([
                    "operation": dryRun ? .null : .text(id), "subject_sha256": .text(subject.digest),
                    "dry_run": .bool(dryRun), "waiting": .int(erasure.waiting), "letters": .int(erasure.letters),
                    "originals": .int(erasure.originals), "checkpoints": .int(erasure.checkpoints),
                    "keys": .int(erasure.keys), "outbox": .int(erasure.outbox), "moving": .int(erasure.moving),
                    "families": .object(kept.map { ($0.name, .int($0.rows)) }),
                    "unreached": .array(unreached.map { .text($0) }),
                ])
            }
            context.output.print(platform.display)
            context.output.print(
                "\(dryRun ? "would erase" : "erased"): \(erasure.waiting) waiting, \(erasure.letters) letters, "
                    + "\(erasure.outbox) outbox rows, \(erasure.keys) keys"
                    + kept.map { ", \($0.rows) \($0.name)" }.joined() + (dryRun ? "" : ", operation \(id)")
            )
            for line in unreached { context.output.print("not reached: \(line)") }
            guard erasure.moving > 0 else { return }
            throw CommandFailure(
                .tryLater,
                "moving",
                "\(erasure.moving) waiting jobs are on their way to the broker",
                remedy: "run it again when they have ended"
            )
        }
    }

    private func erase(
        _ subject: Subject,
        _ id: String,
        _ platform: Platform,
        _ context: CommandContext,
        changes: Bool
    ) async throws -> Erasure {
        let operation = operation(id, subject, Erasure(), context)
        var erasure = try await platform.store.erase(subject, operation, changes: changes)
        for outbox in platform.outboxes {
            do throws(StoreError) {
                erasure.outbox += try await outbox.erase(subject, changes: changes)
            } catch {
                // A database without an outbox has nobody in it.
                guard case .schema = error else { throw error }
            }
        }
        return erasure
    }

    private func operation(
        _ id: String,
        _ subject: Subject,
        _ erasure: Erasure,
        _ context: CommandContext
    ) -> JobCore.Operation {
        JobCore.Operation(
            id: id,
            kind: "privacy.erase",
            subject: "sha256 \(subject.digest)",
            actor: context.actor,
            reason: reason.reason,
            detail: [
                "waiting": .int(erasure.waiting), "letters": .int(erasure.letters), "outbox": .int(erasure.outbox),
                "keys": .int(erasure.keys), "checkpoints": .int(erasure.checkpoints),
            ]
        )
    }

    /// Where a person may still be, honestly.
    private func unreached(_ platform: Platform) async throws -> [String] {
        var lines: [String] = []
        let record = try await platform.store.lanes()
        let depths = try await platform.broker.depths(record.brokerQueues)
        let ready = depths.values.reduce(0) { $0 + $1.ready }
        if ready > 0 { lines.append("\(ready) messages in the broker's queues: run this again when they have ended") }
        for kind in ["dead.drain", "queue.drain"] {
            let drains = try await platform.store.operations(kind: kind, limit: 1000)
            if !drains.isEmpty {
                lines.append("files of \(drains.count) \(kind) operations: jobctl operation list --kind \(kind)")
            }
        }
        lines.append(
            "selectors and reasons that people typed, in operations and the audit; logs; what providers were sent"
        )
        return lines
    }
}
