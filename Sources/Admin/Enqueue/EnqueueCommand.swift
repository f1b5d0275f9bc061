import ArgumentParser
import JobCore

struct EnqueueCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue",
        abstract: "Enqueue a job, or many from a file, and print their ids.",
        discussion: """
            Returns when the jobs are durable. A line of --ndjson is an object {"payload": …} with, if wanted, "name" and
            \(EnqueueFields.names.map { "\"\($0)\"" }.joined(separator: ", ")). A bad line is told on stderr and the
            others go on. While a queue is full, or the broker blocked or away, an enqueue fails at once with a suggested
            wait (exit 4), or is tried again for as long as --wait says; what was sent and not confirmed never is.

            jobctl enqueue system.probe --payload {}
            jobctl enqueue notification.email --payload @mail.json --delay 5m
            jobctl enqueue system.probe --ndjson - --wait 10s
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

    @Option(help: "Run once when nothing else with this key came for so long, with the newest payload: KEY=10s.")
    var debounce: String?

    @Option(help: "With --debounce: this long after the first one at the latest.")
    var maxWait: String?

    @Option(help: "Run at once, then at most once in so long, each time with the newest payload: KEY=1m.")
    var throttle: String?

    @Option(help: "Do not run while another job of the name has this key.")
    var unique: String?

    @Option(help: "With --unique, when the key is free again: until_started, until_done or window.")
    var uniqueMode: String?

    @Option(help: "With --unique: how long the key is held at most, 24h if not given.")
    var uniqueFor: String?

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
            expires: try expires.map { try duration($0, of: "--expires") },
            admission: try admission()
        )
    }

    private func admission() throws -> EnqueueOption? {
        var asked: [EnqueueOption] = []
        if let (key, wait) = try debounce.map({ try keyed($0, of: "--debounce") }) {
            asked.append(.debounce(key, wait, max: try maxWait.map { try duration($0, of: "--max-wait") }))
        } else if maxWait != nil {
            throw CommandFailure.usage("--max-wait goes with --debounce")
        }
        if let (key, interval) = try throttle.map({ try keyed($0, of: "--throttle") }) {
            asked.append(.throttle(key, every: interval))
        }
        if let unique {
            let mode = try uniqueMode.map { text in
                guard let mode = UniqueMode(rawValue: text) else {
                    let known = UniqueMode.allCases.map(\.rawValue).joined(separator: ", ")
                    throw CommandFailure.usage("\"\(text)\" is not a mode", remedy: "use one of \(known)")
                }
                return mode
            }
            let lasting = try uniqueFor.map { try duration($0, of: "--unique-for") }
            asked.append(.unique(unique, mode ?? .untilDone, lasting: lasting))
        } else if uniqueMode != nil || uniqueFor != nil {
            throw CommandFailure.usage("--unique-mode and --unique-for go with --unique")
        }
        guard asked.count <= 1 else {
            throw CommandFailure.usage("a job is either debounced, throttled or unique: give one of the three")
        }
        return asked.first
    }

    /// The last equals sign divides: keys may hold some.
    private func keyed(_ text: String, of option: String) throws -> (String, Duration) {
        guard let equals = text.lastIndex(of: "="), equals > text.startIndex else {
            throw CommandFailure.usage("\(option) must be KEY=TIME, such as venue:42=10s")
        }
        return (String(text[..<equals]), try duration(String(text[text.index(after: equals)...]), of: option))
    }

    private func duration(_ text: String, of option: String) throws -> Duration {
        guard let duration = Duration(manifest: text) else {
            throw CommandFailure.usage("\(option) must be \(Duration.manifestForm)")
        }
        return duration
    }
}

enum EnqueueAnswer {
    /// The id of the job that runs; `--json` says also whose it is.
    static func line(_ job: Enqueued, asJSON: Bool) -> String {
        let (result, other): (String, JobID?) =
            switch job.result {
            case .enqueued: ("enqueued", nil)
            case .coalesced(let into): ("coalesced", into)
            case .duplicate(let of): ("duplicate", of)
            }
        let answer: JSONValue = [
            "id": .text(job.id.description), "result": .text(result),
            "of": other.map { .text($0.description) } ?? .null,
        ]
        return asJSON ? answer.text : (other ?? job.id).description
    }
}
