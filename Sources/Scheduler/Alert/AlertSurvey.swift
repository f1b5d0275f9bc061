package import JobCore

/// How much of a budget is used in the present period.
package struct QuotaFact: Sendable, Equatable {
    package let name: String
    package let used: Int64
    package let budget: Int
    package let warnPercent: Int
    package let resetsAt: Timestamp

    package init(name: String, used: Int64, budget: Int, warnPercent: Int, resetsAt: Timestamp) {
        (self.name, self.used, self.budget) = (name, used, budget)
        (self.warnPercent, self.resetsAt) = (warnPercent, resetsAt)
    }

    var isNear: Bool { used * 100 >= Int64(warnPercent) * Int64(budget) }
}

/// Everything a look at the platform has brought.
package struct AlertFacts: Sendable {
    package var reports: [LaneReport] = []
    package var record: LaneRecord
    package var loops: [LoopRecord] = []
    package var schedules: ScheduleBook?
    /// Of each producer's database that has one and answers, by what it is called.
    package var outboxes: [String: OutboxStatus] = [:]
    /// Of each limit with a budget, the key that has used most.
    package var quotas: [QuotaFact] = []
    /// Messages that no queue was bound for.
    package var unroutable = 0
    /// Why the broker could not be asked.
    package var brokerError: String?
    /// The broker accepts no publishes, and why.
    package var brokerAlarm: String?
    /// How far this host's clock is ahead of the store's.
    package var clockOffset: Duration = .zero
    /// Of the disk that holds the SQLite file; nil on the cluster.
    package var diskFree: Int64?

    package init(record: LaneRecord) {
        self.record = record
    }
}

/// What is wrong, from one look and the looks before it. Pure but for the history it keeps.
package struct AlertSurvey: Sendable {
    /// Ratios and growth are taken over this.
    private static let window: Duration = .seconds(300)
    /// The promoter publishes within a second; what is overdue for longer waits for one that is not there.
    private static let promoterGrace: Duration = .seconds(10)
    private static let toleratedOffset: Duration = .milliseconds(500)
    /// Below this many attempts a ratio says nothing.
    private static let fewAttempts: Int64 = 20

    private struct Totals: Equatable {
        var done: Int64 = 0
        var dead: Int64 = 0
        var retried: Int64 = 0
        var letters: Int64 = 0
    }

    private let declaration: AlertDeclaration
    private var history: [(at: Timestamp, queues: [String: Totals])] = []
    private var missed: [String: Int64]?

    package init(_ declaration: AlertDeclaration) {
        self.declaration = declaration
    }

    package mutating func findings(_ facts: AlertFacts) -> [AlertFinding] {
        remember(facts)
        var findings = facts.reports.flatMap { lane($0) }
        findings += growth(now: facts.record.now)
        findings += platform(facts)
        findings += outboxes(facts)
        findings += brakes(facts)
        findings += schedules(facts)
        findings.append(
            AlertFinding(
                .watchdog,
                severity: .none,
                summary: "alerts are evaluated and arrive",
                cause: "this one always fires: when it stops coming, nobody looks",
                command: "jobctl doctor"
            )
        )
        return findings
    }

    private func lane(_ report: LaneReport) -> [AlertFinding] {
        guard report.address.queue != Topology.unroutableQueue else { return [] }
        let name = report.address.name
        let labels = ["queue": report.address.queue, "lane": report.address.lane.rawValue]
        let threshold = declaration.lagThresholds[report.address.queue] ?? report.threshold
        let work = (report.ready ?? 0) + Int(report.overdue)
        var findings: [AlertFinding] = []
        if let lag = report.lag.lag, lag > threshold {
            findings.append(
                AlertFinding(
                    .lagHigh,
                    labels,
                    severity: .critical,
                    summary: "\(name) is \(lag.spoken) late (limit \(threshold.spoken)), \(work) jobs could run now",
                    cause: cause(of: report),
                    command: report.workers == 0
                        ? "jobctl work --queues \(report.address.queue)" : "jobctl lag --queue \(name)"
                )
            )
        } else if let breach = report.forecast.breach, breach < declaration.notice, let lag = report.lag.lag,
            lag > threshold / 4
        {
            findings.append(
                AlertFinding(
                    .lagRising,
                    labels,
                    severity: .warning,
                    summary: "\(name) is \(lag.spoken) late and passes \(threshold.spoken) in \(breach.spoken)",
                    cause: cause(of: report),
                    command: "jobctl lag --queue \(name)"
                )
            )
        } else if report.lag.lag == nil, report.ready != nil {
            findings.append(
                AlertFinding(
                    .lagUnknown,
                    labels,
                    severity: .warning,
                    summary: "the lag of \(name) cannot be told, \(work) jobs are ready",
                    cause: "it was not empty when it was first looked at, and nothing has been delivered since",
                    command: "jobctl lag --queue \(name)"
                )
            )
        }
        if report.workers == 0, (report.ready ?? 0) > 0 {
            findings.append(
                AlertFinding(
                    .noWorkers,
                    labels,
                    severity: .critical,
                    summary: "nobody serves \(name), \(report.ready ?? 0) jobs are ready",
                    cause: "no worker process of the last 15 s fetches this queue",
                    command: "jobctl work --queues \(report.address.queue)"
                )
            )
        }
        return findings
    }

    private func outboxes(_ facts: AlertFacts) -> [AlertFinding] {
        facts.outboxes.sorted { $0.key < $1.key }.compactMap { database, status in
            guard let age = status.oldestAge, age > OutboxStatus.behind else { return nil }
            let relays = facts.loops.filter { $0.name.hasPrefix("relay") && $0.age < LoopBoard.silence }
            return AlertFinding(
                .outboxBehind,
                ["database": database],
                severity: .critical,
                summary: "\(status.rows) jobs wait in the outbox of \(database), the oldest for \(age.spoken)",
                cause: relays.isEmpty
                    ? "no process runs the loop that moves them"
                    : relays.lazy.compactMap(\.error).first.map { "the loop that moves them fails: \($0)" }
                        ?? "their queue is full, or the broker takes nothing",
                command: relays.isEmpty ? "jobctl scheduler" : "jobctl outbox status"
            )
        }
    }

    /// A breaker is told when its first try has failed: one that closes again at once is not worth a look.
    private func brakes(_ facts: AlertFacts) -> [AlertFinding] {
        let breakers = facts.record.brakes.breakers.filter { $0.state != .closed && ($0.openings > 1 || $0.isHeld) }
        return breakers.map { breaker in
            AlertFinding(
                .breakerOpen,
                ["dependency": breaker.name],
                severity: .warning,
                summary: "\(breaker.name) is down; parked: \(breaker.queues.joined(separator: ", "))",
                cause: breaker.reason ?? "its workers' attempts fail",
                command: "jobctl breaker list"
            )
        }
            + facts.quotas.sorted { $0.name < $1.name }.filter(\.isNear).map { quota in
                AlertFinding(
                    .quotaNear,
                    ["limit": quota.name],
                    severity: .warning,
                    summary: "\(quota.used) of \(quota.budget) of limit \(quota.name) are used",
                    cause: "from \(quota.budget) on its jobs wait until \(quota.resetsAt)",
                    command: "jobctl limit list"
                )
            }
    }

    private func cause(of report: LaneReport) -> String {
        if report.state != .running { return "it is \(report.state.rawValue): \(report.reason ?? "")" }
        switch report.verdict {
        case .noWorkers: return "no worker process serves it"
        case .stalled: return "\(report.workers) processes serve it, and nothing has left it for 15 s"
        case _ where report.overdue > 0 && report.ready == 0:
            return "\(report.overdue) jobs are past their due time: no promoter publishes them"
        case .catchingUp: return "it is catching up: \(rate(report.outRate))/s leave, \(rate(report.inRate))/s come"
        default:
            let wanted = report.forecast.workersWanted.map { ", \($0) processes would keep up" } ?? ""
            return "\(rate(report.inRate))/s come, \(rate(report.outRate))/s leave\(wanted)"
        }
    }

    private func rate(_ value: Double?) -> String { value.map { "\(($0 * 10).rounded() / 10)" } ?? "?" }

    private mutating func remember(_ facts: AlertFacts) {
        var queues: [String: Totals] = [:]
        for (address, flow) in facts.record.flows {
            queues[address.queue, default: Totals()].done += flow.done
            queues[address.queue, default: Totals()].dead += flow.dead
            queues[address.queue, default: Totals()].retried += flow.retried
        }
        for (address, letters) in facts.record.dead { queues[address.queue, default: Totals()].letters += letters }
        history.append((facts.record.now, queues))
        let edge = facts.record.now.advanced(by: .zero - AlertSurvey.window)
        while history.count > 1, history[1].at <= edge { history.removeFirst() }
    }

    private func growth(now: Timestamp) -> [AlertFinding] {
        guard let first = history.first, let last = history.last, first.at < last.at else { return [] }
        let span = last.at.duration(since: first.at).spoken
        return last.queues.sorted { $0.key < $1.key }.flatMap { queue, totals -> [AlertFinding] in
            let before = first.queues[queue] ?? Totals()
            var findings: [AlertFinding] = []
            let letters = totals.letters - (history.map { $0.queues[queue]?.letters ?? 0 }.min() ?? 0)
            if letters >= declaration.deadGrowth {
                findings.append(
                    AlertFinding(
                        .deadGrowing,
                        ["queue": queue],
                        severity: .warning,
                        summary: "\(queue) has \(letters) new dead letters within \(span), \(totals.letters) open",
                        cause: "jobs are out of attempts, or cannot run at all",
                        command: "jobctl dead groups --queue \(queue)"
                    )
                )
            }
            let (dead, done) = (totals.dead - before.dead, totals.done - before.done)
            let attempts = dead + done
            if attempts >= AlertSurvey.fewAttempts, Double(dead) > declaration.failureRatio * Double(attempts) {
                let percent = Double(dead * 1000 / attempts) / 10
                findings.append(
                    AlertFinding(
                        .failureRatio,
                        ["queue": queue],
                        severity: .critical,
                        summary: "\(percent) % of the jobs of \(queue) died within \(span) (\(dead) of \(attempts))",
                        cause: "a deploy, a dependency or a producer has changed: the groups say which error it is",
                        command: "jobctl dead groups --queue \(queue) --since 10m"
                    )
                )
            }
            return findings
        }
    }

    private func platform(_ facts: AlertFacts) -> [AlertFinding] {
        var findings: [AlertFinding] = []
        func add(
            _ name: AlertName,
            _ severity: AlertFinding.Severity,
            _ summary: String,
            _ cause: String,
            _ command: String
        ) {
            findings.append(AlertFinding(name, severity: severity, summary: summary, cause: cause, command: command))
        }
        // What waits for a parked or paused queue waits for nobody's fault.
        let free = facts.record.waiting.filter {
            ![.paused, .parked].contains(facts.record.brake(of: $0.key.queue).state)
        }
        let late = free.values.compactMap(\.overdueBy).max() ?? .zero
        if late > AlertSurvey.promoterGrace {
            let count = free.values.reduce(0) { $0 + $1.overdue }
            add(
                .waitingOverdue,
                .critical,
                "\(count) waiting jobs are past their due time, the oldest by \(late.spoken)",
                "no promoter runs, or the queues they go to are full",
                "jobctl scheduler"
            )
        }
        if let error = facts.brokerError {
            add(
                .brokerDown,
                .critical,
                "the broker does not answer: \(error)",
                "it is down, unreachable, or refuses the credentials; producers get errors, workers stand still",
                "jobctl doctor"
            )
        } else if let alarm = facts.brokerAlarm {
            add(
                .brokerAlarm,
                .critical,
                "the broker accepts no jobs: \(alarm)",
                "a resource alarm: memory or disk of a broker node is at its limit",
                "jobctl doctor"
            )
        }
        if facts.unroutable > 0 {
            add(
                .unroutable,
                .warning,
                "\(facts.unroutable) messages had no queue to go to",
                "a producer uses a routing key that no queue is bound to",
                "jobctl dead list --error unroutable"
            )
        }
        if !facts.loops.contains(where: { $0.name == "promoter" && $0.age < LoopBoard.silence }) {
            add(
                .loopsStopped,
                .critical,
                "no process runs the promoter, the collector and the schedules",
                "every scheduler has ended, and workers run with --no-loops",
                "jobctl scheduler"
            )
        }
        for loop in facts.loops where loop.age < LoopBoard.silence {
            guard let error = loop.error, loop.workedAgo.map({ $0 > .seconds(60) }) ?? true else { continue }
            findings.append(
                AlertFinding(
                    .loopFailing,
                    ["loop": loop.name, "process": loop.process],
                    severity: .warning,
                    summary: "\(loop.name) on \(loop.host) pid \(loop.pid) fails: \(error)",
                    cause: "its turns have ended with this error for a minute or more",
                    command: "jobctl doctor"
                )
            )
        }
        let offset = facts.clockOffset < .zero ? .zero - facts.clockOffset : facts.clockOffset
        if offset > AlertSurvey.toleratedOffset {
            add(
                .clockOff,
                .warning,
                "this host's clock and the store's differ by \(offset.spoken)",
                "one of them is not synchronised; due times and lag look wrong from here",
                "jobctl doctor"
            )
        }
        if let free = facts.diskFree, free < declaration.diskFree {
            add(
                .diskLow,
                .critical,
                "\(free >> 20) MiB are left on the disk of the store",
                "jobs, letters or the write-ahead log have grown; at 0 nothing is accepted any more",
                "jobctl doctor"
            )
        }
        return findings
    }

    private mutating func schedules(_ facts: AlertFacts) -> [AlertFinding] {
        guard let book = facts.schedules else { return [] }
        let totals = book.records.mapValues(\.missed)
        defer { missed = missed ?? totals }
        guard let before = missed else { return [] }
        return totals.sorted { $0.key < $1.key }.compactMap { name, total in
            let new = total - (before[name] ?? 0)
            guard new > 0 else { return nil }
            return AlertFinding(
                .scheduleMissed,
                ["schedule": name],
                severity: .warning,
                summary: "\(name) was not fired \(new) times",
                cause: "no scheduler ran at those instants, and its catch_up leaves them out",
                command: "jobctl schedule show \(name)"
            )
        }
    }
}

extension Duration {
    /// `4 m 10 s`, for people.
    fileprivate var spoken: String {
        let total = milliseconds / 1000
        switch total {
        case ..<10: return "\(Double(milliseconds / 100) / 10) s"
        case ..<60: return "\(total) s"
        case ..<3600: return "\(total / 60) m \(total % 60) s"
        default: return "\(total / 3600) h \(total % 3600 / 60) m"
        }
    }
}
