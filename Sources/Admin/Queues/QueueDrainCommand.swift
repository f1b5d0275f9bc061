import ArgumentParser
import Foundation
import JobCore

struct QueueDrainCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Move what is ready in a queue to a file that `queue import` reads.",
        discussion: """
            Jobs go into the store first, and from there into the file: whatever ends it in between, nothing is lost, and
            `operation undo` lets them wait again for thirty days. Payloads are written as they are, personal fields too.

            jobctl queue drain system --to system.ndjson.gz --reason "moving to another cluster"
            """
    )

    @Argument(help: "A queue, of all its lanes, or a lane (system.bulk).") var name: String
    @Option(help: "The file to make; with .gz at its end it is compressed.") var to: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var consent: ConsentOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let lanes = try QueueEmptier.lanes(name, try context.manifest())
        try await context.withPlatform(.daemon, role: .oper) { platform in
            try await platform.store.checkSchema()
            let depths = try await platform.broker.depths(lanes.map(\.name))
            let ready = lanes.map { ($0, depths[$0.name]?.ready ?? 0) }
            let count = ready.reduce(0) { $0 + $1.1 }
            guard count > 0 else { return answer(0, nil, context.output) }
            let deed = "move \(count) ready job\(count == 1 ? "" : "s") of \(name) on \(platform.display) to \(to)"
            try await Confirmation(deed: deed, word: String(count)).obtain(consent, context)
            let file = try LetterFile(creating: to)
            let operation = JobID().description
            do {
                let emptier = QueueEmptier(
                    platform: platform,
                    name: name,
                    operation: operation,
                    kind: "queue.drain",
                    actor: context.actor,
                    reason: reason.reason
                )
                _ = try await emptier.run(ready)
                let written = try await write(operation, to: file, platform)
                try file.finish()
                answer(written, operation, context.output)
            } catch {
                file.discard()
                context.output.warn("what was taken out waits again with: jobctl operation undo \(operation)")
                throw error
            }
        }
    }

    private func write(_ operation: String, to file: LetterFile, _ platform: Platform) async throws -> Int {
        var written = 0
        var cursor: Int64 = 0
        while true {
            let letters = try await platform.store.letters(of: operation, after: cursor)
            guard let last = letters.last else { return written }
            for letter in letters { try file.write(ArchivedLetter(letter).line) }
            written += letters.count
            cursor = last.letterID
        }
    }

    private func answer(_ written: Int, _ operation: String?, _ output: CommandOutput) {
        if self.output.json {
            return output.print([
                "operation": .string(operation), "queue": .text(name), "file": .text(to), "written": .int(written),
            ])
        }
        guard let operation else { return output.print("nothing is ready in \(name): no file was written") }
        output.print("\(to): \(written) jobs, operation \(operation); jobctl queue import \(to) brings them back")
    }
}

struct QueueImportCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Let jobs of a file that `queue drain` wrote wait for their turn, with their ids; each of them once.",
        discussion: """
            They become due at once, in the queue that takes their type now. Repeating it changes nothing on the same store.

            jobctl queue import system.ndjson.gz --dry-run
            """
    )

    @Argument(help: "The file; with .gz at its end it is decompressed.") var file: String
    @Flag(help: "Only look whether every line is a job.") var dryRun = false
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let archive = try LetterArchive(file)
        // All lines are looked at first: a damaged file brings back nothing rather than a part.
        var count = 0
        try await archive.each { _ in count += 1 }
        try await context.withPlatform(dryRun ? .look : .change) { platform in
            try await platform.store.checkSchema()
            let operation = JobID().description
            var imported = 0
            var batch: [ArchivedLetter] = []
            func record(_ state: JobCore.Operation.State) -> JobCore.Operation {
                JobCore.Operation(
                    id: operation,
                    kind: "queue.import",
                    subject: URL(filePath: file).lastPathComponent,
                    actor: context.actor,
                    reason: reason.reason,
                    state: state,
                    detail: ["jobs": .int(count), "imported": .int(imported)]
                )
            }
            func flush() async throws {
                guard !batch.isEmpty else { return }
                imported += try await platform.store.letWait(batch, record(.running))
                batch.removeAll(keepingCapacity: true)
            }
            if !dryRun, count > 0 {
                try await archive.each { letter in
                    batch.append(letter)
                    if batch.count == 200 { try await flush() }
                }
                try await flush()
                try await platform.store.record(record(.done))
            }
            let isChange = !dryRun && count > 0
            if output.json {
                return context.output.print([
                    "operation": isChange ? .text(operation) : .null, "jobs": .int(count), "imported": .int(imported),
                    "known": .int(isChange ? count - imported : 0), "dry_run": .bool(dryRun),
                ])
            }
            if dryRun { return context.output.print("\(count) jobs, every line is good; nothing was done") }
            context.output.print(
                "\(count) jobs: \(imported) wait for their turn, \(count - imported) known"
                    + (isChange ? ", operation \(operation)" : "")
            )
        }
    }
}
