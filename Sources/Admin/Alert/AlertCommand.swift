import ArgumentParser
import JobCore
import Scheduler

struct AlertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alert",
        abstract: "List alerts, take one, silence some, try the receivers.",
        subcommands: [
            AlertListCommand.self, AlertAckCommand.self, AlertSilenceCommand.self, AlertTestCommand.self,
        ],
        defaultSubcommand: AlertListCommand.self
    )
}

struct AlertListCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what fires, and what ended within a day; exits 0 either way.",
        discussion: """
            jobctl alert list
            """
    )

    @Flag(help: "Only what fires.") var firing = false
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let policy = context.manifestIfAny()?.alerts.policy ?? AlertPolicy()
        try await context.withPlatform(.look) { platform in
            let silences = try await platform.store.silences()
            let alerts = try await platform.store.alerts().filter { record in
                record.finding.severity > .none && (record.isFiring || !firing)
            }
            if output.json {
                var list = context.output.list()
                for alert in alerts { list.append(alert.json(policy, silences)) }
                return list.end()
            }
            context.output.print(platform.display)
            guard !alerts.isEmpty else { return context.output.print("no alerts") }
            for alert in alerts { print(alert, policy, silences, context.output) }
        }
    }

    private func print(
        _ alert: AlertRecord,
        _ policy: AlertPolicy,
        _ silences: [AlertSilence],
        _ output: CommandOutput
    ) {
        let state = alert.isFiring ? alert.finding.severity.rawValue.uppercased() : "over"
        output.print("")
        output.print("\(state)  \(alert.finding.key)  since \(alert.since)")
        output.print("  \(alert.finding.summary)")
        guard alert.isFiring else {
            return output.print("  over at \(alert.resolvedAt?.description ?? "?")")
        }
        output.print("  cause: \(alert.finding.cause)")
        output.print("  do: \(alert.finding.command)")
        output.print("  runbook: \(alert.finding.runbook)")
        if let by = alert.ackedBy { output.print("  taken by \(by)") }
        if silences.contains(where: { $0.matches(alert.finding) }) { output.print("  silenced") }
        if policy.levels.indices.contains(alert.level) { output.print("  told: \(policy.levels[alert.level].name)") }
    }
}

extension AlertRecord {
    func json(_ policy: AlertPolicy, _ silences: [AlertSilence]) -> JSONValue {
        [
            "key": .text(finding.key), "name": .text(finding.name.rawValue),
            "labels": .object(finding.labels.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) }),
            "severity": .text(finding.severity.rawValue), "state": .text(isFiring ? "firing" : "resolved"),
            "summary": .text(finding.summary), "cause": .text(finding.cause), "command": .text(finding.command),
            "runbook": .text(finding.runbook), "since": .instant(since), "resolved_at": .instant(resolvedAt),
            "told": policy.levels.indices.contains(level) ? .text(policy.levels[level].name) : .null,
            "acked_at": .instant(ackedAt), "acked_by": .string(ackedBy),
            "silenced": .bool(silences.contains { $0.matches(finding) }),
        ]
    }
}

struct AlertAckCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack",
        abstract: "Say that you have taken an alert: it goes to nobody else, and is not told again.",
        discussion: """
            jobctl alert ack "lag|queue=mail" --reason "on it"
            """
    )

    @Argument(help: "The alert's key, from `alert list`.") var key: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        try await context.withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            let operation = Operation(kind: "alert.ack", subject: key, actor: context.actor, reason: reason.reason)
            guard try await platform.store.acknowledge(alert: key, operation) else {
                throw CommandFailure(
                    .failed,
                    "not_found",
                    "no alert \"\(key)\" fires that nobody has taken",
                    remedy: "jobctl alert list --firing"
                )
            }
            if output.json {
                return context.output.print(["operation": .text(operation.id), "key": .text(key)])
            }
            context.output.print("taken, operation \(operation.id)")
        }
    }
}

struct AlertSilenceCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "silence",
        abstract: "Tell nobody of some alerts for a while; they are still listed.",
        discussion: """
            A pattern is a name (lag_high), a name with labels (lag_high|queue=mail), or * for all.

            jobctl alert silence no_workers --for 2h --reason "moving the fleet"
            """
    )

    @Argument(help: "The pattern.") var pattern: String
    @Option(name: .customLong("for"), help: "For how long, such as 2h.") var duration: String
    @OptionGroup var reason: ReasonOption
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        guard let time = Duration(manifest: duration), time > .zero, time <= .seconds(30 * 86_400) else {
            throw CommandFailure.usage("--for \(duration) is not a time up to 30 days", remedy: Duration.manifestForm)
        }
        let name = String(pattern.prefix { $0 != "|" })
        guard name == "*" || AlertName(rawValue: name) != nil else {
            let names = AlertName.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandFailure.usage("no alert is called \"\(name)\"", remedy: "one of \(names), or *")
        }
        try await context.withPlatform(.change) { platform in
            try await platform.store.checkSchema()
            let operation = Operation(
                kind: "alert.silence",
                subject: pattern,
                actor: context.actor,
                reason: reason.reason,
                detail: ["for": .text(time.manifestText)]
            )
            try await platform.store.silence(pattern, for: time, operation)
            if output.json {
                return context.output.print([
                    "operation": .text(operation.id), "pattern": .text(pattern), "seconds": .seconds(time),
                ])
            }
            context.output.print("silenced for \(time.manifestText), operation \(operation.id)")
        }
    }
}

struct AlertTestCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract:
            "Send a harmless alert to every receiver that is on, or to one; exits 3 when one did not take it, or none is on.",
        discussion: """
            jobctl alert test
            """
    )

    @Argument(help: "A receiver's name. Default: all.") var receiver: String?
    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let declaration = try context.manifest().alerts
        let receivers = try AlertReceivers(declaration, environment: context.environment)
        if let receiver, declaration.receivers[receiver] == nil {
            let names = declaration.receivers.keys.sorted().joined(separator: ", ")
            throw CommandFailure.usage(
                "no receiver is called \"\(receiver)\"",
                remedy: names.isEmpty ? "declare receivers under alerts: in jobs/alerts.yaml" : "one of \(names)"
            )
        }
        let platform = try PlatformConfiguration.fromEnvironment(context.environment)
        var results: [(name: String, ok: Bool?, detail: String)] = []
        for name in declaration.receivers.keys.sorted() where receiver == nil || receiver == name {
            if let variable = receivers.off[name] {
                results.append((name, nil, "\(variable) is not set"))
            } else if let target = receivers.byName[name] {
                results.append(await attempt(name, target, platform.testDisplay))
            }
        }
        print(results, context.output)
        let tried = results.compactMap(\.ok)
        guard !tried.isEmpty, tried.allSatisfy(\.self) else { throw ExitRequest(.checkFailed) }
    }

    private func attempt(
        _ name: String,
        _ target: any AlertReceiver,
        _ display: String
    ) async -> (name: String, ok: Bool?, detail: String) {
        let finding = AlertFinding(
            .watchdog,
            ["test": name],
            severity: .warning,
            summary: "a test of the receiver \(name): nothing is wrong",
            cause: "somebody typed jobctl alert test",
            command: "nothing"
        )
        var record = AlertRecord(finding, since: .now())
        do throws(AlertDeliveryError) {
            try await target.tell([record], display: display)
            record.resolvedAt = .now()
            try await target.tell([record], display: display)
            return (name, true, "took it")
        } catch {
            return (name, false, "\(error)")
        }
    }

    private func print(_ results: [(name: String, ok: Bool?, detail: String)], _ output: CommandOutput) {
        if self.output.json {
            var list = output.list()
            for result in results {
                list.append([
                    "receiver": .text(result.name), "ok": result.ok.map { .bool($0) } ?? .null,
                    "detail": .text(result.detail),
                ])
            }
            return list.end()
        }
        if results.isEmpty { output.print("no receivers: declare them under alerts: in jobs/alerts.yaml") }
        for result in results {
            let mark = result.ok.map { $0 ? "ok     " : "PROBLEM" } ?? "off    "
            output.print("\(mark)  \(result.name)  \(result.detail)")
        }
    }
}

extension PlatformConfiguration {
    /// Which kind, never an address.
    fileprivate var testDisplay: String {
        switch choice {
        case .embedded(let path): "embedded \(path)"
        case .cluster: "cluster"
        }
    }
}
