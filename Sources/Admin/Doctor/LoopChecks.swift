import JobCore
import Scheduler

/// Who runs the loops and who leads them; and by which table the schedules' zones go.
struct LoopChecks {
    private let platform: Platform
    private let manifest: Manifest?

    init(_ platform: Platform, _ manifest: Manifest?) {
        self.platform = platform
        self.manifest = manifest
    }

    func run() async -> [Checkup] {
        do throws(StoreError) {
            let loops = try await platform.store.loops()
            let leases = try await platform.store.leases()
            return [running(loops)] + failing(loops) + leading(loops, leases) + [zones]
        } catch {
            return [.failed("loops", error)]
        }
    }

    private func running(_ loops: [LoopRecord]) -> Checkup {
        let alive = loops.filter { $0.age < LoopBoard.silence }
        let processes = Set(alive.map(\.process)).count
        guard processes > 0 else {
            let detail = "no process runs them: nothing is promoted, collected or scheduled"
            return .bad("loops", detail, remedy: "jobctl scheduler (or jobctl work)")
        }
        let names = Set(alive.map(\.name)).sorted().joined(separator: ", ")
        return .good("loops", "\(names) in \(processes) process\(processes == 1 ? "" : "es")")
    }

    private func failing(_ loops: [LoopRecord]) -> [Checkup] {
        loops.filter { $0.age < LoopBoard.silence }.compactMap { loop in
            guard let error = loop.error else { return nil }
            let since = loop.workedAgo.map { "last good \(Spoken.duration($0)) ago" } ?? "never good yet"
            let place = "\(loop.host) pid \(loop.pid)"
            return .bad("loop \(loop.name)", "fails on \(place): \(error), \(since)", remedy: "look at its log")
        }
    }

    private func leading(_ loops: [LoopRecord], _ leases: [LeaseRecord]) -> [Checkup] {
        let places = Dictionary(loops.map { ($0.process, "\($0.host) pid \($0.pid)") }, uniquingKeysWith: { $1 })
        return leases.map { lease in
            let name = "leader \(lease.name)"
            guard lease.remaining != nil else {
                return .bad(name, "nobody: the lease has run out", remedy: "jobctl scheduler (or jobctl work)")
            }
            return .good(name, "\(places[lease.holder] ?? lease.holder), term \(lease.token)")
        }
    }

    private var zones: Checkup {
        guard let version = ZoneFile.version() else {
            return .bad("zones", "the system's zone table is missing", remedy: "install the package tzdata")
        }
        let names = Set((manifest?.schedules.values).map { $0.map(\.timetable.zone.name) } ?? []).sorted()
        let used = names.isEmpty ? "no schedules" : names.joined(separator: ", ")
        return .good("zones", "tzdata \(version); \(used)")
    }
}
