import JobCore

/// Whether work goes on: somebody serves each queue, due jobs are published, letters are looked at.
struct WorkChecks {
    /// The promoter runs every second: what is overdue for longer waits for one that is not there.
    private static let promoterGrace: Duration = .seconds(10)

    /// A pause of which somebody should be reminded.
    private static let forgotten: Duration = .seconds(86_400)

    private let platform: Platform
    private let manifest: Manifest?

    init(_ platform: Platform, _ manifest: Manifest?) {
        self.platform = platform
        self.manifest = manifest
    }

    func run() async -> [Checkup] {
        do throws(StoreError) {
            let record = try await platform.store.lanes()
            let unknown = try await platform.store.unknownJobs()
            return [
                workers(record), await lag(record), waiting(record), versions(unknown), brakes(record), dead(record),
            ]
        } catch {
            return [.failed("work", error)]
        }
    }

    /// Late lanes, with the processes that their arrivals want. A lane without workers is told with those.
    private func lag(_ record: LaneRecord) async -> Checkup {
        let depths: [String: QueueDepth]
        do throws(BrokerError) {
            depths = try await platform.broker.depths(record.brokerQueues)
        } catch {
            return .unknown("lag", "not told: the broker does not answer")
        }
        let thresholds = manifest?.queues.mapValues(\.lagThreshold) ?? [:]
        let reports = LaneReport.all(of: record, depths: depths, thresholds: thresholds)
        let late = reports.filter { report in
            !report.isOK && ![.unknown, .noWorkers].contains(report.verdict)
                && ![.paused, .parked].contains(report.state)
        }
        guard !late.isEmpty else {
            let unknown = reports.filter { $0.verdict == .unknown }.map(\.address.name)
            guard unknown.isEmpty else {
                return .unknown("lag", "not measured yet: \(unknown.prefix(10).joined(separator: ", "))")
            }
            return .good("lag", "every measured queue is within its limit")
        }
        let named = late.prefix(5).map { report in
            let wanted = report.forecast.workersWanted.map { ", wants \($0) processes and has \(report.workers)" } ?? ""
            return "\(report.address.name) \(Spoken.duration(report.lag.lag)), \(report.verdict.rawValue)\(wanted)"
        }
        let first = late[0].address.name
        return .bad(
            "lag",
            named.joined(separator: "; "),
            remedy: "jobctl work --queues \(first); jobctl queues --watch"
        )
    }

    /// A producer was deployed before its workers, or workers were rolled back.
    private func versions(_ unknown: [UnknownJobs]) -> Checkup {
        guard !unknown.isEmpty else { return .good("versions", "every waiting job has a worker that knows it") }
        let named = unknown.prefix(5).map { "\($0.count) \($0.job) (\($0.reason))" }
        return .bad(
            "versions",
            "\(named.joined(separator: "; ")): letters after an hour",
            remedy: "deploy the workers of the build that sends them; afterwards jobctl dead replay --error unknown_job"
        )
    }

    private func workers(_ record: LaneRecord) -> Checkup {
        let served = Set(record.workers.filter { $0.state == .up }.flatMap(\.queues))
        let declared = manifest?.topology.queues.flatMap(\.addresses) ?? record.routes.map(\.address)
        let wanted = Set(declared.map(\.name)).sorted()
        let lonely = wanted.filter { !served.contains($0) }
        let count = record.workers.count { $0.state == .up }
        guard lonely.isEmpty else {
            let names = lonely.prefix(10).joined(separator: ", ")
            return .bad("workers", "\(count) alive; nobody serves \(names)", remedy: "jobctl work")
        }
        return .good("workers", "\(count) alive, every queue is served")
    }

    private func waiting(_ record: LaneRecord) -> Checkup {
        // What waits for a parked or paused queue is told with its brake.
        let free = record.waiting.filter { ![.paused, .parked].contains(record.brake(of: $0.key.queue).state) }.values
        let overdue = free.reduce(0) { $0 + $1.overdue }
        guard let age = free.compactMap(\.overdueBy).max() else {
            return .good("waiting", "nothing is overdue")
        }
        let detail = "\(overdue) jobs past their due time, the oldest by \(Spoken.duration(age))"
        guard age > WorkChecks.promoterGrace else { return .good("waiting", detail) }
        return .bad("waiting", "\(detail): is a promoter running?", remedy: "jobctl scheduler (or jobctl work)")
    }

    /// A pause that everybody has forgotten is what stops a platform for good.
    private func brakes(_ record: LaneRecord) -> Checkup {
        let open = record.brakes.breakers.filter { $0.state != .closed }
        let old = record.brakes.controls.filter { record.now.duration(since: $0.at) > WorkChecks.forgotten }
        if let control = old.first {
            let verb = control.scope == .queue ? "queue" : "job-type"
            let age = Spoken.duration(record.now.duration(since: control.at))
            return .bad(
                "brakes",
                "\(control.name) is \(control.text), \(age) ago: is that still wanted?",
                remedy: "jobctl \(verb) resume \(control.name)"
            )
        }
        if let breaker = open.first {
            let detail = "the breaker of \(breaker.name) is \(breaker.state.rawValue): \(breaker.reason ?? "?")"
            return .bad("brakes", detail, remedy: "jobctl breaker list")
        }
        let paused = record.brakes.controls.map(\.name)
        guard paused.isEmpty else { return .good("brakes", "paused: \(paused.joined(separator: ", "))") }
        return .good("brakes", "nothing is parked or paused")
    }

    /// Letters are work for people and no fault of the platform: told, not failed.
    private func dead(_ record: LaneRecord) -> Checkup {
        let open = record.dead.values.reduce(0, +)
        guard open > 0 else { return .good("dead", "no open letters") }
        return .good("dead", "\(open) open letters", remedy: "jobctl dead groups")
    }
}
