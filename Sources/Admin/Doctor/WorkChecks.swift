import JobCore

/// Whether work goes on: somebody serves each queue, due jobs are published, letters are looked at.
struct WorkChecks {
    /// The promoter runs every second: what is overdue for longer waits for one that is not there.
    private static let promoterGrace: Duration = .seconds(10)

    private let platform: Platform
    private let manifest: Manifest?

    init(_ platform: Platform, _ manifest: Manifest?) {
        self.platform = platform
        self.manifest = manifest
    }

    func run() async -> [Checkup] {
        do throws(StoreError) {
            let record = try await platform.store.lanes()
            return [workers(record), waiting(record), dead(record)]
        } catch {
            return [.failed("work", error)]
        }
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
        let overdue = record.waiting.values.reduce(0) { $0 + $1.overdue }
        guard let oldest = record.waiting.values.compactMap(\.overdueSince).min() else {
            return .good("waiting", "nothing is overdue")
        }
        let age = record.now.duration(since: oldest)
        let detail = "\(overdue) jobs past their due time, the oldest by \(Spoken.duration(age))"
        guard age > WorkChecks.promoterGrace else { return .good("waiting", detail) }
        return .bad("waiting", "\(detail): is a promoter running?", remedy: "jobctl scheduler (or jobctl work)")
    }

    /// Letters are work for people and no fault of the platform: told, not failed.
    private func dead(_ record: LaneRecord) -> Checkup {
        let open = record.dead.values.reduce(0, +)
        guard open > 0 else { return .good("dead", "no open letters") }
        return .good("dead", "\(open) open letters", remedy: "jobctl dead groups")
    }
}
