import ArgumentParser
import JobCore

/// The one SELECTOR of every verb.
struct SelectorOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Job ids.", valueName: "id"))
    var ids: [String] = []

    @Option(help: "Letters of one group: a fingerprint of `dead groups`.")
    var group: String?

    @Option(help: "A queue, or one of its lanes (system.bulk).")
    var queue: String?

    @Option(help: "A job name.")
    var job: String?

    @Option(help: "A failure's label: error_type of `dead groups`.")
    var error: String?

    @Option(help: "The build that failed.")
    var build: String?

    @Option(help: "From this instant on (RFC 3339), or so long ago (30m).")
    var since: String?

    @Option(help: "Before this instant, or before so long ago.")
    var until: String?

    @Option(help: "A field of the payload: path=value; may be repeated.")
    var `where`: [String] = []

    @Flag(help: "Everything.")
    var all = false

    @Option(help: "At most this many; 0 for no limit.")
    var limit = 100

    @Option(help: "Go on after this cursor of an earlier answer.")
    var after: String?

    enum Subject { case letters, groups, waiting }

    /// Everything that was typed, checked.
    func selector(of subject: Subject) throws -> Selector {
        var selector = Selector()
        selector.ids = try ids.map { text in
            guard let id = JobID(text) else {
                throw CommandFailure.usage("\"\(text)\" is neither a verb nor a job id", remedy: "jobctl help")
            }
            return id
        }
        guard selector.ids.count <= Selector.maximumIDs else {
            throw CommandFailure.usage(
                "\(ids.count) ids are more than \(Selector.maximumIDs)",
                remedy: "use --group or --queue"
            )
        }
        if subject == .waiting, group != nil || build != nil {
            throw CommandFailure.usage(
                "waiting jobs have no --group and no --build",
                remedy: "use --job, --queue or --error"
            )
        }
        guard limit >= 0 else { throw CommandFailure.usage("--limit must be 0 (no limit) or more") }
        selector.group = group
        selector.queue = queue
        selector.job = job
        selector.error = error
        selector.build = build
        selector.since = try since.map { try moment($0, of: "--since") }
        selector.until = try until.map { try moment($0, of: "--until") }
        selector.payload = try self.where.map(match)
        selector.isAll = all
        selector.limit = limit
        selector.after = try checkedCursor(subject)
        if all, !selected.isEmpty {
            throw CommandFailure.usage(
                "--all does not go with \(selected.joined(separator: ", "))",
                remedy: "drop one of them"
            )
        }
        return selector
    }

    /// For a verb that changes something: no selector is a mistake, never everything.
    func changingSelector(of subject: Subject) throws -> Selector {
        let selector = try selector(of: subject)
        guard !selector.choosesNothing else {
            throw CommandFailure.usage(
                "this verb needs to know which ones",
                remedy: "give ids, --queue, --job, --error, --since, --where, or --all"
            )
        }
        return selector
    }

    /// What was asked for, for the audit. Values of `--where` may be personal, so only their paths are kept.
    var words: String {
        (selected + (all ? ["--all"] : [])).joined(separator: " ")
    }

    private var selected: [String] {
        let options = [
            ("--group", group), ("--queue", queue), ("--job", job), ("--error", error), ("--build", build),
            ("--since", since), ("--until", until),
        ]
        return ids + options.compactMap { name, value in value.map { "\(name) \($0)" } }
            + self.where.map { "--where \($0.prefix { $0 != "=" })=…" }
    }

    private func moment(_ text: String, of option: String) throws -> Selector.Moment {
        if let duration = Duration(manifest: text) { return .ago(duration) }
        if let instant = Timestamp(rfc3339: text) { return .at(instant) }
        throw CommandFailure.usage("\(option) must be an instant (2026-11-22T14:00:00Z) or \(Duration.manifestForm)")
    }

    private func match(_ text: String) throws -> PayloadMatch {
        guard let match = PayloadMatch(text) else {
            throw CommandFailure.usage("--where must be path=value, such as venue_id=42")
        }
        return match
    }

    private func checkedCursor(_ subject: Subject) throws -> String? {
        guard let after else { return nil }
        let isGood =
            switch subject {
            case .letters: Int64(after) != nil
            case .waiting: WaitingCursor(after) != nil
            case .groups: false
            }
        guard isGood else { throw CommandFailure.usage("--after takes the cursor of an earlier list of the same kind") }
        return after
    }
}
