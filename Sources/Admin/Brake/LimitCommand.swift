import ArgumentParser
import JobCore

struct LimitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit",
        abstract: "Rates, budgets and places that jobs share: see them, change them in an incident.",
        subcommands: [LimitListCommand.self, LimitSetCommand.self, LimitResetCommand.self],
        defaultSubcommand: LimitListCommand.self
    )
}

struct LimitListCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "All limits of jobs/, with what is set by hand and what they have done.",
        discussion: """
            jobctl limit list
            """
    )

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let limits = try context.manifest().limits.values.sorted { $0.name < $1.name }
        try await context.withPlatform(.look) { platform in
            let rows = try await LimitRow.all(limits, platform)
            if output.json {
                var list = context.output.list()
                for row in rows { list.append(row.json) }
                return list.end()
            }
            var table = Table(
                platform.display,
                [
                    ("LIMIT", .left), ("OF", .left), ("RULE", .left), ("USED", .right), ("KEYS", .right),
                    ("ASKED", .right), ("WAITED", .right), ("LAST WAIT", .right), ("SET BY", .left),
                ]
            )
            for row in rows {
                table.append([
                    row.limit.name, row.scope, row.rule.text, row.usedText, "\(row.record.keys)",
                    "\(row.record.granted)", "\(row.record.denied)",
                    row.record.deniedFor.map { Spoken.duration($0) } ?? "-", row.setting?.actor ?? "jobs/",
                ])
            }
            table.end(to: context.output, empty: "jobs/ declares no limits")
        }
    }
}

/// A limit with its rule in force and what the store knows of it.
struct LimitRow {
    let limit: LimitDeclaration
    let rule: LimitRule
    let setting: LimitSetting?
    let record: LimitRecord
    /// When the present period of a budget ends.
    let resetsAt: Timestamp?

    static func all(_ limits: [LimitDeclaration], _ platform: Platform) async throws -> [LimitRow] {
        let settings = try await platform.store.limitSettings()
        let now = platform.clock.time(at: try await platform.store.now())
        var bounds: [String: (start: Timestamp, end: Timestamp)] = [:]
        for limit in limits {
            if case .quota(let quota) = limit.rule { bounds[limit.name] = quota.period.bounds(of: now, in: quota.zone) }
        }
        let records = try await platform.store.limits(periods: bounds.mapValues(\.start))
        return limits.map { limit in
            LimitRow(
                limit: limit,
                rule: settings[limit.name]?.applied(to: limit.rule) ?? limit.rule,
                setting: settings[limit.name],
                record: records[limit.name] ?? LimitRecord(name: limit.name),
                resetsAt: bounds[limit.name]?.end
            )
        }
    }

    var scope: String {
        switch limit.scope {
        case .dependency(let name): "dependency \(name)"
        case .queue(let name): "queue \(name)"
        case .job(let name): limit.key.map { "job \(name), each \($0)" } ?? "job \(name)"
        }
    }

    var usedText: String {
        switch rule {
        case .rate: "-"
        case .concurrency: record.linedUp > 0 ? "\(record.held) (+\(record.linedUp))" : "\(record.held)"
        case .quota: "\(record.used ?? 0)"
        }
    }

    private var used: Int64? {
        switch rule {
        case .rate: nil
        case .concurrency: Int64(record.held)
        case .quota: record.used ?? 0
        }
    }

    var json: JSONValue {
        var burst: Int?
        var period: JSONValue = .null
        switch rule {
        case .rate(let rate): (burst, period) = (rate.burst, .text(rate.period.manifestText))
        case .concurrency: break
        case .quota(let quota): period = .text(quota.period.rawValue)
        }
        return [
            "limit": .text(limit.name), "kind": .text(rule.kind), "of": .text(scope), "key": .string(limit.key),
            "amount": .int(rule.amount), "period": period, "burst": .int(burst), "used": .int(used),
            "lined_up": .int(record.linedUp), "keys": .int(record.keys), "asked_total": .int(record.granted),
            "waited_total": .int(record.denied), "last_wait_at": .instant(record.deniedAt),
            "last_wait_seconds": .seconds(record.deniedFor), "resets_at": .instant(resetsAt),
            "set_by": .string(setting?.actor), "set_at": .instant(setting?.at), "set_until": .instant(setting?.until),
        ]
    }
}

struct LimitSetCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change a limit for all processes, at once, until it is reset.",
        discussion: """
            jobctl limit set mails_a_day --budget 5000 --for 1h --reason "campaign"
            """
    )

    @Argument(help: "The limit's name, as limit list shows it.") var name: String
    @Option(help: "Of a rate: jobs and their time, such as 50/s.") var rate: String?
    @Option(help: "Of a rate: jobs that may start at once after a rest.") var burst: Int?
    @Option(help: "Of places: how many.") var concurrency: Int?
    @Option(help: "Of a budget: jobs in each period.") var budget: Int?
    @Option(name: .customLong("for"), help: "How long, such as 1h. Default: until it is reset.") var lasting: String?
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let limit = try context.limit(name)
        let setting = try setting(of: limit)
        let lasting = try context.duration(lasting, "--for")
        try await context.withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            let before = try await platform.store.limitSettings()[name]?.applied(to: limit.rule) ?? limit.rule
            let operation = JobCore.Operation(
                kind: "limit.set",
                subject: name,
                actor: context.actor,
                reason: reason.reason,
                detail: ["before": .text(before.text), "amount": .int(setting.amount)]
            )
            try await platform.store.setLimit(
                name,
                amount: setting.amount,
                period: setting.period,
                burst: setting.burst,
                for: lasting,
                operation
            )
            let after = try await platform.store.limitSettings()[name]?.applied(to: limit.rule) ?? limit.rule
            if output.json {
                return context.output.print([
                    "operation": .text(operation.id), "limit": .text(name), "before": .text(before.text),
                    "after": .text(after.text),
                ])
            }
            let end = lasting.map { " for \($0.manifestText)" } ?? ""
            context.output.print("\(name): \(before.text) → \(after.text)\(end), operation \(operation.id)")
        }
    }

    private func setting(of limit: LimitDeclaration) throws -> (amount: Int, period: Duration?, burst: Int?) {
        switch limit.rule {
        case .rate:
            guard concurrency == nil, budget == nil, let rate else { throw wrong(limit, "--rate 50/s") }
            guard let parsed = LimitRule.Rate(rate) else {
                throw CommandFailure.usage("--rate \(rate) is no rate", remedy: "such as 50/s or 5/1m")
            }
            if let burst, !(1...1_000_000).contains(burst) {
                throw CommandFailure.usage("--burst \(burst) is not between 1 and 1000000")
            }
            return (parsed.count, parsed.period, burst)
        case .concurrency:
            guard rate == nil, burst == nil, budget == nil, let concurrency else {
                throw wrong(limit, "--concurrency 4")
            }
            return (try positive(concurrency, "--concurrency"), nil, nil)
        case .quota:
            guard rate == nil, burst == nil, concurrency == nil, let budget else { throw wrong(limit, "--budget 1000") }
            return (try positive(budget, "--budget"), nil, nil)
        }
    }

    private func positive(_ number: Int, _ option: String) throws -> Int {
        if (1...1_000_000_000).contains(number) { return number }
        throw CommandFailure.usage(
            "\(option) \(number) is not a number from 1",
            remedy: "to stop the jobs altogether: jobctl job-type pause, or jobctl queue pause"
        )
    }

    private func wrong(_ limit: LimitDeclaration, _ option: String) -> CommandFailure {
        .usage("\(limit.name) is a limit of \(limit.rule.kind)", remedy: "jobctl limit set \(limit.name) \(option)")
    }
}

struct LimitResetCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "As jobs/ has it again, with nothing used; jobs that wait for their turn keep it.",
        discussion: """
            jobctl limit reset mails_a_day
            """
    )

    @Argument(help: "The limit's name.") var name: String
    @Option(help: "Only what this value of its field has used; what is set by hand stays.") var key: String?
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let limit = try context.limit(name)
        let stored = try key.map { try storedKey($0, of: limit, try context.manifest()) }
        try await context.withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            let operation = JobCore.Operation(
                kind: "limit.reset",
                subject: name,
                actor: context.actor,
                reason: reason.reason
            )
            try await platform.store.resetLimit(name, key: stored, operation)
            if output.json {
                return context.output.print([
                    "operation": .text(operation.id), "limit": .text(name), "before": .null,
                    "after": .text(limit.rule.text),
                ])
            }
            context.output.print("\(name): \(limit.rule.text), nothing used, operation \(operation.id)")
        }
    }

    /// As the store has it: personal values are hashed, and the operation never has them.
    private func storedKey(_ value: String, of limit: LimitDeclaration, _ manifest: Manifest) throws -> String {
        guard let field = limit.key, case .job(let job) = limit.scope, let declaration = manifest.jobs[job] else {
            throw CommandFailure.usage("\(limit.name) has no key: all its jobs share it", remedy: "leave --key out")
        }
        return LimitDeclaration.stored(value, isPersonal: declaration.isPersonal(field))
    }
}

extension CommandContext {
    fileprivate func limit(_ name: String) throws -> LimitDeclaration {
        let limits = try manifest().limits
        if let limit = limits[name] { return limit }
        let names = limits.keys.sorted().joined(separator: ", ")
        throw CommandFailure.usage(
            "no limit is called \"\(name)\"",
            remedy: names.isEmpty ? "jobs/ declares none (limits)" : "one of \(names)"
        )
    }
}
