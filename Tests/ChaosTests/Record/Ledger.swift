import Admin
import Foundation
import JobCore

/// What the platform's own tables and queues say at the end.
struct Ledger: Sendable {
    let ground: Ground

    func effects() async throws -> [Effect] {
        try await ground.platform.store.driver.read { session throws(StoreError) in
            var effects: [Effect] = []
            for row in try session.query("select job_id, attempt from probe_effects") {
                effects.append(Effect(id: try row.id("job_id"), attempt: Int(clamping: try row.int("attempt"))))
            }
            return effects
        }
    }

    struct Letter: Sendable {
        let id: JobID
        let error: String
        let attempts: Int
    }

    func letters() async throws -> [Letter] {
        try await ground.platform.store.driver.read { session throws(StoreError) in
            var letters: [Letter] = []
            for row in try session.query("select job_id, error_type, attempts from dead_letters") {
                let attempts = Int(clamping: try row.int("attempts"))
                letters.append(Letter(id: try row.id("job_id"), error: try row.text("error_type"), attempts: attempts))
            }
            return letters
        }
    }

    /// Jobs that have left an effect.
    func finished(besides others: Set<JobID>) async throws -> Int {
        Set(try await effects().map(\.id)).subtracting(others).count
    }

    /// In which process, and when (ms since 1970), each of these jobs has left an effect.
    func processes(of jobs: Set<JobID>) async throws -> [JobID: [(pid: pid_t, at: Int64)]] {
        try await ground.platform.store.driver.read { session throws(StoreError) in
            var processes: [JobID: [(pid: pid_t, at: Int64)]] = [:]
            for row in try session.query("select job_id, process, at_ms from probe_effects") {
                let id = try row.id("job_id")
                guard jobs.contains(id), let process = pid_t(try row.text("process")) else { continue }
                processes[id, default: []].append((process, try row.int("at_ms")))
            }
            return processes
        }
    }

    /// True when each of so many workers has begun to beat.
    func areUp(_ workers: Int, of pids: [pid_t]) async throws -> Bool {
        let up = try await ground.platform.store.workers().filter { $0.state == .up && $0.heartbeatAge < .seconds(5) }
        return Set(up.map(\.pid)).intersection(pids.map { Int($0) }).count >= workers
    }

    func running() async throws -> Int {
        try await ground.platform.store.workers().filter { $0.state == .up }
            .reduce(0) { $0 + $1.runningCounts.values.reduce(0, +) }
    }

    /// Start marks that somebody has left behind on a job that is not over.
    func marks() async throws -> Int {
        try await count(
            """
            select count(*) as n from marks where kind = 'start' and ended_at is null
                and job_id not in (select job_id from probe_effects union select job_id from dead_letters)
            """
        )
    }

    /// How many of these have left the effect of the attempt that succeeds.
    func finishedAttempts(of probes: [Probe]) async throws -> Int {
        let done = Set(try await effects())
        return probes.count { done.contains(Effect(id: $0.id, attempt: $0.lastAttempt)) }
    }

    func effectCount() async throws -> Int { try await count("select count(*) as n from probe_effects") }
    func waiting() async throws -> Int { try await count("select count(*) as n from waiting") }

    /// Letters, and messages in the queues of letters and of what has no route.
    func dead() async throws -> Int {
        let queued = try await ground.platform.broker.depths(["system.dead", Topology.unroutableQueue])
        return try await count("select count(*) as n from dead_letters") + queued.values.reduce(0) { $0 + $1.ready }
    }

    /// Jobs that are neither done nor with a living process: ready in a queue, or waiting in the store.
    func left() async throws -> Int {
        let queues = Lane.allCases.map { QueueAddress("system", $0).name }
        let ready = try await ground.platform.broker.depths(queues).values.reduce(0) { $0 + $1.ready }
        return try await waiting() + ready
    }

    private func count(_ sql: String) async throws -> Int {
        try await ground.platform.store.driver.read { session throws(StoreError) in
            guard let row = try session.query(sql).first else { throw .decoding("no row") }
            return Int(clamping: try row.int("n"))
        }
    }

    /// Returns when nothing is left and, for `quiet`, nothing has come or happened; false at the deadline.
    func drained(within deadline: Duration, quiet: Duration = .seconds(4)) async throws -> Bool {
        let end = ContinuousClock.now + deadline
        var since = ContinuousClock.now
        var seen = -1
        while ContinuousClock.now < end {
            if let left = try? await left(), let effects = try? await effectCount() {
                if left > 0 || effects != seen { since = .now }
                seen = effects
                if left == 0, ContinuousClock.now - since >= quiet { return true }
            } else {
                since = .now
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }
}
