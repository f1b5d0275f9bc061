import ArgumentParser
import Foundation
import JobCore

struct DeadEditCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit",
        abstract: "Change payloads of dead letters before they are replayed; the originals are kept.",
        discussion: """
            --set and --unset change all that are selected. Without them one letter is opened in $VISUAL or $EDITOR. A payload that
            its job's type does not read is refused, unless --unchecked says otherwise.

            jobctl dead edit 0197a3c4-1c11-7d39-8a52-90f6b8f1d2c3
            jobctl dead edit --group 5f1d0c7a9b3e2d46 --set 'locale="pt-BR"' --unset debug --dry-run
            """
    )

    @OptionGroup var selector: SelectorOptions
    @Option(help: "A field and its JSON: data.city='\"Recife\"', visits=3; may be repeated.") var set: [String] = []
    @Option(help: "A field to remove; may be repeated.") var unset: [String] = []
    @Flag(help: "Say what would be changed, and do nothing.") var dryRun = false
    @Flag(help: "Also payloads that the job's type does not read.") var unchecked = false
    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let selected = try selector.changingSelector(of: .letters)
        let edit: PayloadEdit
        do {
            edit = try PayloadEdit(sets: set, removals: unset)
        } catch {
            throw CommandFailure.usage(error.reason)
        }
        if edit.steps.isEmpty, selected.ids.count != 1 || !context.input.isTerminal {
            throw CommandFailure.usage(
                "what is to be changed?",
                remedy: "--set path=JSON or --unset path; or one id, on a terminal, for your editor"
            )
        }
        let check = PayloadCheck(context, isOff: unchecked)
        try await context.withPlatform(dryRun ? .look : .change) { platform in
            try await platform.store.checkSchema()
            let plan = try await plan(selected, edit, check, platform.store)
            if !dryRun, !plan.edits.isEmpty {
                let count = plan.edits.count
                let deed = "change \(count) dead letter\(count == 1 ? "" : "s") on \(platform.display)"
                try await Confirmation(deed: deed, word: String(count)).obtain(consent, context)
            }
            let operation = JobCore.Operation(
                kind: "dead.edit",
                subject: selector.words,
                actor: context.actor,
                reason: reason.reason,
                // Paths alone: a value may be personal.
                detail: [
                    "set": .list(set.map { String($0.prefix { $0 != "=" }) }), "unset": .list(unset),
                    "editor": .bool(edit.steps.isEmpty),
                ]
            )
            let edited = dryRun ? 0 : try await platform.store.edit(plan.edits, operation)
            answer(plan, edited, edited > 0 ? operation.id : nil, context.output)
        }
    }

    private struct Plan {
        var edits: [LetterEdit] = []
        /// By reason.
        var refused: [String: Int] = [:]
        var unchanged = 0
    }

    private func plan(
        _ selector: Selector,
        _ edit: PayloadEdit,
        _ check: PayloadCheck,
        _ store: Store
    ) async throws -> Plan {
        var plan = Plan()
        var scan = LetterScan(store, selector, state: .open, withPayload: true)
        while let page = try await scan.next() {
            for letter in page {
                guard letter.bodySHA256 == nil, let payload = letter.payload else {
                    plan.refused["only the beginning of its body was kept", default: 0] += 1
                    continue
                }
                do {
                    let changed =
                        edit.steps.isEmpty ? try EditorSession.edit(payload) : try edit.applied(to: payload)
                    if let refusal = check.refusal(of: changed, letter) {
                        plan.refused[refusal, default: 0] += 1
                    } else if changed == payload {
                        plan.unchanged += 1
                    } else {
                        plan.edits.append(LetterEdit(letter, payload: changed))
                    }
                } catch let mistake as PayloadEdit.Mistake {
                    plan.refused[mistake.reason, default: 0] += 1
                }
            }
        }
        return plan
    }

    private func answer(_ plan: Plan, _ edited: Int, _ operation: String?, _ output: CommandOutput) {
        let refused = plan.refused.sorted { $0.key < $1.key }
        if self.output.json {
            return output.print([
                "operation": .string(operation), "edited": .int(dryRun ? plan.edits.count : edited),
                "unchanged": .int(plan.unchanged), "refused": .int(plan.refused.values.reduce(0, +)),
                "reasons": .object(refused.map { ($0.key, .int($0.value)) }), "dry_run": .bool(dryRun),
            ])
        }
        let verb = dryRun ? "would change \(plan.edits.count)" : "changed \(edited)"
        output.print("\(verb), unchanged \(plan.unchanged)" + (operation.map { ", operation \($0)" } ?? ""))
        for (reason, count) in refused { output.print("  \(count) refused: \(reason)") }
    }
}

/// Whether a job's type reads a payload, in this build.
private struct PayloadCheck {
    private let types: [JobName: RegisteredJob]
    private let isOff: Bool

    init(_ context: CommandContext, isOff: Bool) {
        types = context.registry.types
        self.isOff = isOff
    }

    func refusal(of payload: [UInt8], _ letter: LetterRecord) -> String? {
        guard !isOff, let name = JobName(letter.job), let type = types[name] else { return nil }
        let version = letter.headers[HeaderName.version]?.integer ?? 1
        do {
            _ = try type.roundTrip(payload, version)
            return nil
        } catch let error as Malformed {
            return error.message
        } catch {
            return "its type does not read it"
        }
    }
}

/// One payload in the operator's own editor.
private enum EditorSession {
    static func edit(_ payload: [UInt8]) throws -> [UInt8] {
        let environment = ProcessInfo.processInfo.environment
        let editor = environment["VISUAL"] ?? environment["EDITOR"] ?? "vi"
        let folder = FileManager.default.temporaryDirectory.appending(path: "jobctl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "payload.json")
        try pretty(payload).write(to: file)
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "\(editor) \"$1\"", "editor", file.path(percentEncoded: false)]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandFailure(
                .failed,
                "editor",
                "\(editor) ended with \(process.terminationStatus); nothing was changed"
            )
        }
        let text = try Data(contentsOf: file)
        guard let object = try? JSONSerialization.jsonObject(with: text),
            let compact = try? JSONSerialization.data(
                withJSONObject: object,
                options: [.sortedKeys, .withoutEscapingSlashes]
            )
        else { throw PayloadEdit.Mistake.noJSON }
        let unchanged =
            (try? JSONSerialization.data(
                withJSONObject: JSONSerialization.jsonObject(with: Data(payload)),
                options: [.sortedKeys, .withoutEscapingSlashes]
            )) == compact
        return unchanged ? payload : [UInt8](compact)
    }

    private static func pretty(_ payload: [UInt8]) -> Data {
        guard let object = try? JSONSerialization.jsonObject(with: Data(payload)),
            let text = try? JSONSerialization.data(
                withJSONObject: object,
                options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            )
        else { return Data(payload) }
        return text
    }
}
