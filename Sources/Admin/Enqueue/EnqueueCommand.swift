import ArgumentParser
import JobCore

struct EnqueueCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue",
        abstract: "Enqueue a job, or many from a file, and print their ids.",
        discussion: """
            Returns when the jobs are durable. A line of --ndjson is an object {"payload": …} with, if wanted, "name",
            "id", "lane", "delay_ms", "expires_at_ms", "version" and "traceparent". A bad line is told on stderr and the
            others go on. While a queue is full, or the broker blocked or away, an enqueue fails at once with a suggested
            wait (exit 4), or is tried again for as long as --wait says; what was sent and not confirmed never is.
            """
    )

    @Argument(help: "The job's name, such as notification.email; with --ndjson the name of lines that have none.")
    var name: String?

    @Option(help: "The payload: JSON, @FILE, or - for stdin.")
    var payload: String?

    @Option(help: "A file with one job a line, or - for stdin.")
    var ndjson: String?

    @Option(help: "Not before this long from now: 250ms, 30s, 5m, 1h, 2d.")
    var delay: String?

    @Option(help: "Another lane than the type's own: high, normal or bulk.")
    var lane: String?

    @Option(help: "Not worth running after this long from now.")
    var expires: String?

    @Option(help: "Try again for so long while the broker takes nothing; for --ndjson counted anew every 1000 lines.")
    var wait: String?

    @Option(help: "A UUID of your own, to enqueue again with after an error.")
    var id: String?

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let defaults = try self.defaults()
        let policy = try wait.map { EnqueuePolicy.wait(upTo: try duration($0, of: "--wait")) } ?? .failFast
        guard (payload == nil) != (ndjson == nil) else {
            throw CommandFailure.usage("give either --payload or --ndjson", remedy: "jobctl help enqueue")
        }
        if let ndjson {
            guard id == nil else { throw CommandFailure.usage("--id goes with --payload; a line has its own \"id\"") }
            let file = try InputFile(ndjson, context.input)
            try await context.withPlatform(.change, creates: true) { platform in
                let enqueuer = try await Enqueuer(platform, context, policy)
                try await EnqueueLines(enqueuer: enqueuer, defaults: defaults, asJSON: output.json).run(file, context)
            }
        } else if let payload {
            try await enqueueOne(payload, defaults, policy, context)
        }
    }

    private func enqueueOne(
        _ payload: String,
        _ defaults: EnqueueDefaults,
        _ policy: EnqueuePolicy,
        _ context: CommandContext
    ) async throws {
        guard let name = defaults.name else {
            throw CommandFailure.usage("which job?", remedy: "jobctl enqueue NAME …")
        }
        let bytes = try await PayloadSource.read(payload, context.input)
        try PayloadSource.check(bytes)
        let request = defaults.request(name, payload: bytes, id: try id.map(EnqueueDefaults.id))
        try await context.withPlatform(.change, creates: true) { platform in
            let enqueuer = try await Enqueuer(platform, context, policy)
            for result in await enqueuer.enqueue([request]) {
                context.output.print(EnqueueAnswer.line(try result.get(), asJSON: output.json))
            }
        }
    }

    private func defaults() throws -> EnqueueDefaults {
        EnqueueDefaults(
            name: try name.map(EnqueueDefaults.name),
            lane: try lane.map(EnqueueDefaults.lane),
            delay: try delay.map { try duration($0, of: "--delay") },
            expires: try expires.map { try duration($0, of: "--expires") }
        )
    }

    private func duration(_ text: String, of option: String) throws -> Duration {
        guard let duration = Duration(manifest: text) else {
            throw CommandFailure.usage("\(option) must be \(Duration.manifestForm)")
        }
        return duration
    }
}

enum EnqueueAnswer {
    static func line(_ id: JobID, asJSON: Bool) -> String {
        let answer: JSONValue = ["id": .text(id.description), "result": "enqueued", "of": .null]
        return asJSON ? answer.text : id.description
    }
}
