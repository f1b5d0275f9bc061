import ArgumentParser
import Foundation
import JobCore

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "The chain of everything people have changed, and whether anybody has touched it.",
        subcommands: [AuditListCommand.self, AuditVerifyCommand.self],
        defaultSubcommand: AuditListCommand.self
    )
}

struct AuditListCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "The newest first: the beginning and the end of each change.",
        discussion: """
            jobctl audit list --limit 20
            jobctl audit list --before 1200 --json
            """
    )

    @Option(help: "At most this many, 1…1000.") var limit = 50
    @Option(help: "Only entries with smaller numbers.") var before: Int64?
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        guard (1...1000).contains(limit) else { throw CommandFailure.usage("--limit must be 1 to 1000") }
        try await context.withPlatform(.look) { platform in
            let entries = try await platform.store.audit(limit: limit, before: before)
            if output.json {
                var list = context.output.list()
                for entry in entries { list.append(entry.json) }
                return list.end()
            }
            var table = Table(
                platform.display,
                [
                    ("SEQ", .right), ("AT", .left), ("WHO", .left), ("WHAT", .left), ("SUBJECT", .left),
                    ("STATE", .left), ("WHY", .left), ("HASH", .left),
                ]
            )
            for entry in entries {
                table.append([
                    String(entry.seq), entry.at.description, entry.actor, entry.kind, Spoken.excerpt(entry.subject, 40),
                    entry.state, Spoken.excerpt(entry.reason ?? "-", 40), String(entry.hash.prefix(8)),
                ])
            }
            table.end(to: context.output, empty: "nobody has changed anything")
        }
    }
}

struct AuditVerifyCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Look at every link of the chain; exit 3 when something was changed, taken out or cut off.",
        discussion: """
            Heads that are kept outside the database show a cut tail and a chain made anew: the scheduler adds one a minute to
            the file that JOBS_AUDIT_HEAD_FILE names, and --head takes one that was written down.

            jobctl audit verify
            jobctl audit verify --head-file /mnt/worm/audit-heads --head 1200:9c1f…
            """
    )

    @Option(help: "A file of heads, SEQ:HASH a line; $JOBS_AUDIT_HEAD_FILE if that is set.") var headFile: String?
    @Option(help: "A head, SEQ:HASH; may be repeated.") var head: [String] = []
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let heads = try heads(context)
        try await context.withPlatform(.look) { platform in
            try await platform.store.checkSchema()
            let report = try await platform.store.verifyAudit(against: heads)
            if output.json {
                context.output.print([
                    "ok": .bool(report.faults.isEmpty), "entries": .int(Int(report.entries)),
                    "head": .string(report.head?.text), "heads_compared": .int(report.headsCompared),
                    "faults": .array(report.faults.map(\.json)),
                ])
            } else {
                context.output.print(platform.display)
                context.output.print("\(report.entries) entries, head \(report.head?.text ?? "none")")
                for fault in report.faults { context.output.print("  \(fault.words)") }
                if heads.isEmpty {
                    context.output.print(
                        "no head from outside the database was compared: set JOBS_AUDIT_HEAD_FILE or give --head"
                    )
                } else if report.faults.isEmpty {
                    context.output.print("whole, and \(heads.count) heads from outside agree")
                }
            }
            guard !report.faults.isEmpty else { return }
            throw CommandFailure(
                .checkFailed,
                "audit_broken",
                "the audit is not what it was: \(report.faults.count) faults",
                remedy: "compare with a backup; the database's own log tells who wrote to it outside jobctl"
            )
        }
    }

    private func heads(_ context: CommandContext) throws -> Set<AuditHead> {
        var heads: Set<AuditHead> = []
        for text in head {
            guard let head = AuditHead(text) else {
                throw CommandFailure.usage(
                    "--head must be a number and 64 hex digits, SEQ:HASH, as audit verify prints it"
                )
            }
            heads.insert(head)
        }
        let configured = context.environment["JOBS_AUDIT_HEAD_FILE"].flatMap { $0.isEmpty ? nil : $0 }
        guard let path = headFile ?? configured else { return heads }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            // Before the first minute of the first scheduler there is none.
            if headFile == nil, !FileManager.default.fileExists(atPath: path) { return heads }
            throw CommandFailure.usage("\(path) cannot be read")
        }
        for (index, line) in text.split(separator: "\n").enumerated() {
            guard let head = AuditHead(line) else {
                throw CommandFailure.usage("\(path):\(index + 1) is no head: a line is SEQ:HASH")
            }
            heads.insert(head)
        }
        return heads
    }
}

extension AuditEntry {
    fileprivate var json: JSONValue {
        [
            "seq": .int(Int(seq)), "at": .instant(at), "operation": .text(operationID), "kind": .text(kind),
            "subject": .text(subject), "actor": .text(actor), "reason": .string(reason), "state": .text(state),
            "detail": .verbatim(String(decoding: detail, as: UTF8.self)), "hash": .text(hash),
        ]
    }
}

extension AuditFault {
    fileprivate var parts: (name: String, seq: Int64?, operation: String?, words: String) {
        switch self {
        case .missing(let from, let through):
            ("missing", from, nil, from == through ? "entry \(from) is gone" : "entries \(from) to \(through) are gone")
        case .changed(let seq): ("changed", seq, nil, "entry \(seq) was changed")
        case .cutAfter(let seq, let known):
            ("cut", seq, nil, "everything after entry \(seq) is gone; there were \(known) at least")
        case .rewritten(let seq):
            ("rewritten", seq, nil, "entry \(seq) is not the one that was known outside: the chain was made anew")
        case .operationChanged(let id):
            ("operation_changed", nil, id, "operation \(id) is not what the audit says of it")
        case .operationMissing(let id): ("operation_missing", nil, id, "operation \(id) is gone")
        case .unknownOperation(let id): ("unknown_operation", nil, id, "operation \(id) was never audited")
        }
    }

    fileprivate var words: String { parts.words }

    fileprivate var json: JSONValue {
        let parts = parts
        return [
            "fault": .text(parts.name), "seq": parts.seq.map { .int(Int($0)) } ?? .null,
            "operation": .string(parts.operation), "message": .text(parts.words),
        ]
    }
}
