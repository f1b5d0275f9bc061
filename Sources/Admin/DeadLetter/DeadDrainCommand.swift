import ArgumentParser
import Foundation
import JobCore

struct DeadDrainCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Move dead letters to a file: they leave the lists when it is whole and on the disk.",
        discussion: """
            One JSON object a line with payload and headers as they are, personal fields too: keep the file as you keep the
            database. `dead import` brings it back. --csv writes a table for people instead, which cannot be imported.

            jobctl dead drain --group 5f1d0c7a9b3e2d46 --limit 0 --to letters.ndjson.gz
            """
    )

    @OptionGroup var selector: SelectorOptions
    @Option(help: "The file to make; with .gz at its end it is compressed.") var to: String
    @Flag(help: "Write CSV, for people.") var csv = false
    @Flag(help: "Write the file and leave the letters where they are.") var copy = false
    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let selected = try selector.changingSelector(of: .letters)
        try await context.withPlatform(copy ? .look : .change) { platform in
            try await platform.store.checkSchema()
            let count = try await platform.store.countLetters(selected)
            guard count > 0 else { return answer(0, 0, nil, false, context.output) }
            if !copy {
                let deed = "move \(count) dead letter\(count == 1 ? "" : "s") of \(platform.display) to \(to)"
                try await Confirmation(deed: deed, word: String(count)).obtain(consent, context)
            }
            let file = try LetterFile(creating: to)
            var letters: [Int64] = []
            var hasMore = false
            do {
                if csv { try file.write(Data((LetterRecord.csvHeading + "\r\n").utf8)) }
                var scan = LetterScan(platform.store, selected, state: .open, withPayload: true)
                while let page = try await scan.next() {
                    for letter in page {
                        try file.write(csv ? Data((letter.csv + "\r\n").utf8) : ArchivedLetter(letter).line)
                        letters.append(letter.letterID)
                    }
                }
                hasMore = scan.hasMore
                try file.finish()
            } catch {
                file.discard()
                throw error
            }
            let operation = JobCore.Operation(
                kind: "dead.drain",
                subject: selector.words,
                actor: context.actor,
                reason: reason.reason,
                detail: ["written": .int(letters.count), "file": .text(URL(filePath: to).lastPathComponent)]
            )
            let drained = copy ? 0 : try await platform.store.markDrained(letters, operation)
            answer(letters.count, drained, drained > 0 ? operation.id : nil, hasMore, context.output)
        }
    }

    private func answer(_ written: Int, _ drained: Int, _ operation: String?, _ hasMore: Bool, _ output: CommandOutput)
    {
        if self.output.json {
            return output.print([
                "operation": .string(operation), "file": .text(to), "written": .int(written), "drained": .int(drained),
                "more": .bool(hasMore),
            ])
        }
        guard written > 0 else { return output.print("no open letters: no file was written") }
        let what = copy ? "nothing was moved" : "\(drained) left the store"
        output.print("\(to): \(written) letters, \(what)" + (operation.map { ", operation \($0)" } ?? ""))
        if hasMore { output.print("there may be more: the limit was \(selector.limit)") }
    }
}

struct DeadImportCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Bring back letters that dead drain wrote, with their ids; repeating it changes nothing.",
        discussion: """
            jobctl dead import letters.ndjson.gz --dry-run
            """
    )

    @Argument(help: "The file; with .gz at its end it is decompressed.") var file: String
    @Flag(help: "Only look whether every line is a letter.") var dryRun = false
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let archive = try LetterArchive(file)
        // All lines are looked at first: a damaged file brings back nothing rather than a part.
        var count = 0
        try await archive.each { _ in count += 1 }
        try await context.withPlatform(dryRun ? .look : .change) { platform in
            try await platform.store.checkSchema()
            var sum = ImportProgress()
            let operation = JobID().description
            if !dryRun {
                var batch: [ArchivedLetter] = []
                func flush() async throws {
                    let record = JobCore.Operation(
                        id: operation,
                        kind: "dead.import",
                        subject: URL(filePath: file).lastPathComponent,
                        actor: context.actor,
                        reason: reason.reason,
                        state: sum.imported + sum.restored + sum.known + batch.count < count ? .running : .done,
                        detail: ["letters": .int(count)]
                    )
                    let progress = try await platform.store.importLetters(batch, record)
                    sum.imported += progress.imported
                    sum.restored += progress.restored
                    sum.known += progress.known
                    batch.removeAll(keepingCapacity: true)
                }
                try await archive.each { letter in
                    batch.append(letter)
                    if batch.count == 200 { try await flush() }
                }
                if !batch.isEmpty { try await flush() }
            }
            let isChange = !dryRun && count > 0
            if output.json {
                return context.output.print([
                    "operation": isChange ? .text(operation) : .null, "letters": .int(count),
                    "imported": .int(sum.imported), "restored": .int(sum.restored), "known": .int(sum.known),
                    "dry_run": .bool(dryRun),
                ])
            }
            if dryRun { return context.output.print("\(count) letters, every line is good; nothing was done") }
            context.output.print(
                "\(count) letters: \(sum.imported) imported, \(sum.restored) open again, \(sum.known) known"
                    + (isChange ? ", operation \(operation)" : "")
            )
        }
    }
}

extension LetterRecord {
    fileprivate static let csvHeading =
        "id,job,queue,lane,attempts,error_type,error_message,failed_at,enqueued_at,build,fingerprint,payload"

    /// RFC 4180; a text that a spreadsheet would take for a formula gets an apostrophe.
    fileprivate var csv: String {
        let fields = [
            jobID.description, job, address.queue, address.lane.rawValue, "\(attempts)", errorType, errorMessage,
            failedAt.description, enqueuedAt.description, build, fingerprint,
            String(decoding: payload ?? [], as: UTF8.self),
        ]
        return fields.map { field in
            let isFormula = field.first.map { "=+-@\t\r".contains($0) } ?? false
            let text = isFormula ? "'\(field)" : field
            return "\"\(text.replacing("\"", with: "\"\""))\""
        }.joined(separator: ",")
    }
}
