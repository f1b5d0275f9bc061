import Admin
import JobCore
import Scheduler

extension Measurement {
    /// What is measured once: waiting times, and what a process costs that has nothing to do.
    func waiting() async throws -> [Figure: Double] {
        var figures = try await crowd()
        for (rate, p50, p95) in [
            (200, Figure.latency200p50, Figure.latency200p95), (1_000, .latency1000p50, .latency1000p95),
        ] {
            let latency = try await latency(at: rate)
            figures[p50] = Double(latency.p50) / 1e3
            figures[p95] = Double(latency.p95) / 1e3
        }
        figures[.promoter] = try await promote()
        figures[.relay] = try await relay()
        figures[.idleCPU] = try await idle()
        return figures
    }

    private func crowd() async throws -> [Figure: Double] {
        note("four processes enqueue while one drains")
        let count = scale.crowd / 4
        let (reports, worked) = try await working(expecting: count * 4) {
            try await withThrowingTaskGroup(of: EnqueueReport.self) { group in
                for _ in 0..<4 { group.addTask { try await enqueue(count, callers: 4) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        let began = reports.map(\.beganAt).min() ?? worked.beganAt
        return [
            .crowdRate: perSecond(count * 4, began, worked.endedAt),
            .crowdCall: Double(reports.compactMap { $0.call?.p95 }.max() ?? 0) / 1e3,
        ]
    }

    private func latency(at rate: Int) async throws -> Percentiles {
        note("latency at \(rate) jobs/s for \(scale.latencySeconds) s")
        let count = rate * scale.latencySeconds
        let (_, worked) = try await working(expecting: count) {
            try await outcome(of: "enqueue", ["count": count, "rate": rate], EnqueueReport.self)
        }
        guard let latency = worked.latency else { throw BenchFailure("the worker measured no latency") }
        return latency
    }

    /// Rows that are due move to the queue, in this process; then a worker takes them away.
    private func promote() async throws -> Double {
        note("promote \(scale.promoted) rows that are due")
        let client = JobClient(broker: platform.broker, store: platform.store)
        for first in stride(from: 0, to: scale.promoted, by: 500) {
            let requests = try (first..<min(first + 500, scale.promoted)).map { number in
                let payload = try PayloadCoding.encode(BenchProbe(number: number))
                return EnqueueRequest(
                    job: BenchProbe.name,
                    payload: payload,
                    options: [.delay(.milliseconds(1))]
                )
            }
            for result in await client.enqueue(requests) { _ = try result.get() }
        }
        let promoter = Promoter(
            broker: platform.broker,
            store: platform.store,
            claimant: platform.processID,
            build: "bench",
            logger: try BenchStage.fromEnvironment(environment).logger
        )
        let began = Clock.wall
        let promoting = Task { try await promoter.run() }
        while try await depth().ready < scale.promoted { try await Task.sleep(for: .milliseconds(5)) }
        let rate = perSecond(scale.promoted, began, Clock.wall)
        promoting.cancel()
        _ = await promoting.result
        _ = try await working(expecting: scale.promoted) {}
        return rate
    }

    /// Rows that were committed move to the queue, in this process; nil where there is no outbox.
    private func relay() async throws -> Double? {
        guard let outbox = platform.outboxes.first else { return nil }
        note("relay \(scale.promoted) rows of the outbox")
        let count = scale.promoted
        let schema = OutboxSchema(prefix: environment["JOBS_PREFIX"] ?? "")
        try await outbox.driver.migrate { session throws(StoreError) in
            for statement in schema.statements() { try session.execute(statement) }
        }
        try await outbox.driver.write { session throws(StoreError) in
            _ = try session.query(
                """
                select count(enqueue(:name, jsonb_build_object('sent_at', 0, 'user_id', n, 'venue_id', 42,
                    'kind', 'friend_checked_in', 'title', 'Ana is at the Blue Door',
                    'body', 'Ana and 2 others checked in near you ten minutes ago'))) as jobs
                from generate_series(1, \(count)) as n
                """,
                ["name": .text(BenchProbe.name.rawValue)]
            )
        }
        let relay = OutboxRelay(
            outbox: outbox,
            broker: platform.broker,
            store: platform.store,
            claimant: platform.processID,
            build: "bench",
            logger: try BenchStage.fromEnvironment(environment).logger
        )
        let began = Clock.wall
        while try await relay.relaySlice() > 0 {}
        let rate = perSecond(count, began, Clock.wall)
        _ = try await working(expecting: count) {}
        return rate
    }

    /// Percent of one core.
    private func idle() async throws -> Double {
        note("an idle worker for \(scale.idleSeconds) s")
        let worker = try child("work", [:])
        try await consumer()
        try await Task.sleep(for: .seconds(3))
        let usage = ProcessUsage(pid: worker.pid)
        let before = (cpu: usage.cpu, wall: Clock.wall)
        try await Task.sleep(for: .seconds(scale.idleSeconds))
        let share = Double(usage.cpu - before.cpu) / Double(Clock.wall - before.wall)
        await worker.stop()
        return share * 100
    }
}
