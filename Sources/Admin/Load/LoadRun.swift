import Foundation
import JobCore

/// One look at the platform during a run.
struct LoadSample: Sendable {
    /// Since the beginning.
    let at: Duration
    let wanted: Double
    let enqueued: Int
    let done: Int64
    let ready: Int
    /// The latest of the lanes; nil when it could not be told.
    let lag: Duration?
    /// Of all worker processes of this machine, bytes.
    let memory: Int64
}

/// What a run came to.
struct LoadResult: Sendable {
    var samples: [LoadSample] = []
    var confirmed = 0
    var refused: [String: Int] = [:]
    /// Done or dead of what was confirmed.
    var ended: Int64 = 0
    var dead: Int64 = 0
    /// Enqueue to done.
    var wait = LatencyHistogram()
    /// The generator itself could not keep up: the rate was not what was asked for.
    var late: Duration = .zero

    var lost: Int64 { max(0, Int64(confirmed) - ended) }
    var largestLag: Duration? { samples.compactMap(\.lag).max() }

    /// Memory of the workers behind the first third, and the most since.
    var memory: (before: Int64, after: Int64) {
        let third = samples.count / 3
        return (samples.prefix(max(1, third)).map(\.memory).max() ?? 0, samples.map(\.memory).max() ?? 0)
    }
}

/// Enqueues at the plan's rate, whatever becomes of it, and looks on.
struct LoadRun: Sendable {
    static let queue = "system"
    private static let tick: Duration = .milliseconds(20)
    private static let look: Duration = .seconds(1)
    private static let mostFlying = 200

    let platform: Platform
    let client: JobClient
    let plan: LoadPlan
    let tell: @Sendable (String) -> Void

    func run() async throws -> LoadResult {
        var result = LoadResult()
        let before = try await flow()
        let began = ContinuousClock.now
        let looks = Looks()
        let watching = Task { try await watch(since: began, before, looks) }
        defer { watching.cancel() }
        try await withThrowingDiscardingTaskGroup { group in
            var (number, owed) = (0, 0.0)
            var due = began
            while began.duration(to: due) < plan.length {
                owed += plan.rate(at: began.duration(to: due)) * LoadRun.tick.seconds
                let count = Int(owed)
                owed -= Double(count)
                if count > 0 {
                    let requests = try (number..<(number + count)).map(request)
                    number += count
                    looks.sent()
                    group.addTask { looks.answered(await client.enqueue(requests)) }
                }
                due = due.advanced(by: LoadRun.tick)
                // More than this in the air means that enqueueing is slower than the rate: then it is late, and says so.
                while looks.flying > LoadRun.mostFlying { try await Task.sleep(for: .milliseconds(5)) }
                let behind = due.duration(to: .now)
                result.late = max(result.late, behind)
                if behind < .zero { try await Task.sleep(for: .zero - behind) }
            }
        }
        (result.confirmed, result.refused) = (looks.confirmed, looks.refused)
        tell("enqueued \(result.confirmed); waiting for the last of them")
        try await drained(result.confirmed, before)
        watching.cancel()
        _ = await watching.result
        result.samples = looks.samples
        let after = try await flow()
        result.dead = after.dead - before.dead
        result.ended = after.done - before.done + result.dead
        result.wait = after.latency.since(before.latency)
        return result
    }

    private func request(_ number: Int) throws -> EnqueueRequest {
        let part = LoadPlan.part(number)
        let probe = SystemProbe(workMs: part.workMs, note: "load \(part.name)")
        return EnqueueRequest(
            job: SystemProbe.name,
            version: SystemProbe.version,
            payload: try PayloadCoding.encode(probe),
            options: [.lane(part.lane)]
        )
    }

    /// Until all have ended, or nothing has ended for thirty seconds.
    private func drained(_ confirmed: Int, _ before: FlowCounts) async throws {
        var (last, since) = (Int64(-1), ContinuousClock.now)
        while true {
            let now = try await flow()
            let ended = now.done - before.done + now.dead - before.dead
            if ended >= Int64(confirmed) { return }
            if ended != last { (last, since) = (ended, .now) }
            if since.duration(to: .now) > .seconds(30) { return }
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    private func watch(since began: ContinuousClock.Instant, _ before: FlowCounts, _ looks: Looks) async throws {
        while !Task.isCancelled {
            let at = began.duration(to: .now)
            let record = try await platform.store.lanes()
            let addresses = record.routes.map(\.address).filter { $0.queue == LoadRun.queue }
            let depths = try await platform.broker.depths(record.brokerQueues)
            let reports = LaneReport.all(of: record, depths: depths, thresholds: [:])
                .filter { $0.address.queue == LoadRun.queue }
            let done = reports.reduce(0) { $0 + $1.flow.done } - before.done
            let sample = LoadSample(
                at: at,
                wanted: plan.rate(at: at),
                enqueued: looks.confirmed,
                done: done,
                ready: Set(addresses).reduce(0) { $0 + (depths[$1.name]?.ready ?? 0) },
                lag: reports.contains { $0.lag.lag == nil } ? nil : reports.compactMap(\.lag.lag).max(),
                memory: Self.memory(record.workers)
            )
            looks.add(sample)
            if looks.samples.count % 5 == 1 {
                tell(
                    "\(Spoken.duration(at)) of \(Spoken.duration(plan.length)): \(Int(sample.wanted))/s, enqueued "
                        + "\(sample.enqueued), done \(sample.done), ready \(sample.ready), lag \(Spoken.duration(sample.lag))"
                )
            }
            try await Task.sleep(for: LoadRun.look)
        }
    }

    private func flow() async throws -> FlowCounts {
        var sum = FlowCounts()
        for (address, flow) in try await platform.store.lanes().flows where address.queue == LoadRun.queue {
            sum.merge(flow)
        }
        return sum
    }

    /// Resident, of the workers that run on this machine.
    private static func memory(_ workers: [WorkerRecord]) -> Int64 {
        let host = ProcessInfo.processInfo.hostName
        return workers.filter { $0.state == .up && $0.host == host }.reduce(0) { sum, worker in
            let text = (try? String(contentsOfFile: "/proc/\(worker.pid)/status", encoding: .utf8)) ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            let kilobytes = line?.split(separator: " ").compactMap { Int64($0) }.first ?? 0
            return sum + kilobytes << 10
        }
    }
}
