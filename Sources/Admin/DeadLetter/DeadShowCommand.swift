import ArgumentParser
import JobCore

struct DeadShowCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show dead letters with payload and headers.",
        discussion: """
            The personal fields of the job's declaration are masked, without a declaration every text is. For one id,
            --json prints the newest letter of that job as one object, otherwise an array.

            jobctl dead show 0197a3c4-1c11-7d39-8a52-90f6b8f1d2c3
            """
    )

    @OptionGroup var selector: SelectorOptions
    @OptionGroup var state: LetterStateOption

    @Flag(help: "Show personal fields as well.")
    var reveal = false

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let selected = try selector.selector(of: .letters)
        guard !selected.choosesNothing else {
            throw CommandFailure.usage("which letters?", remedy: "give ids of `jobctl dead list`, or another selector")
        }
        let state = try state.state(for: selected)
        let wantsOne = selected.ids.count == 1
        try await context.withPlatform(.look) { platform in
            let mask = PayloadMask(context.manifestIfAny(), reveals: reveal)
            var scan = LetterScan(platform.store, selected, state: state, withPayload: true)
            var list = output.json && !wantsOne ? context.output.list() : nil
            var count = 0
            if !output.json { context.output.print(platform.display) }
            while let letters = try await scan.next() {
                for letter in wantsOne ? letters.prefix(1) : letters[...] {
                    count += 1
                    if list != nil {
                        list?.append(json(letter, mask))
                    } else if output.json {
                        context.output.print(json(letter, mask))
                    } else {
                        print(letter, mask, context.output)
                    }
                }
                if wantsOne { break }
            }
            list?.end()
            if count == 0, !selected.ids.isEmpty {
                throw CommandFailure(.failed, "not_found", "no dead letter has this id", remedy: "jobctl dead list")
            }
        }
    }

    private func json(_ letter: LetterRecord, _ mask: PayloadMask) -> JSONValue {
        let shown = mask.payload(of: letter)
        return .object(
            letter.json + [
                ("enqueued_at", .instant(letter.enqueuedAt)), ("expires_at", .instant(letter.expiresAt)),
                ("worker", .text(letter.worker)), ("death_id", .text(letter.deathID)), ("payload", shown),
                ("payload_bytes", .int(letter.bodyLength)), ("payload_sha256", .string(letter.bodySHA256)),
                ("payload_complete", .bool(letter.bodySHA256 == nil)), ("headers", mask.headers(of: letter)),
            ]
        )
    }

    private func print(_ letter: LetterRecord, _ mask: PayloadMask, _ output: CommandOutput) {
        let facts: [(String, String)] = [
            ("id", letter.jobID.description), ("job", letter.job), ("queue", letter.address.name),
            ("state", letter.state.rawValue), ("attempts", String(letter.attempts)),
            ("error", "\(letter.errorType): \(letter.errorMessage)"), ("group", letter.fingerprint),
            ("failed at", letter.failedAt.description), ("enqueued at", letter.enqueuedAt.description),
            ("expires at", letter.expiresAt?.description ?? "-"), ("build", letter.build), ("worker", letter.worker),
            ("operation", letter.operationID ?? "-"), ("headers", mask.headers(of: letter).text),
            ("payload", mask.payload(of: letter).text),
        ]
        output.print("")
        for (name, value) in facts {
            output.print(name + String(repeating: " ", count: 13 - name.count) + Table.clean(value))
        }
        if letter.bodySHA256 != nil { output.print("only the beginning of \(letter.bodyLength) bytes was kept") }
    }
}
