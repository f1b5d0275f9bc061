import Admin
import JobCore

extension Measurement {
    /// One round of everything that is measured at full speed.
    func throughput() async throws -> [Figure: Double] {
        var figures = try await fillAndDrain()
        if platform.profile == .cluster { figures.merge(try await bare()) { own, _ in own } }
        figures.merge(try await both()) { own, _ in own }
        if let drain = figures[.drain], let bare = figures[.bareConsume] { figures[.drainShare] = drain / bare }
        return figures
    }

    private func fillAndDrain() async throws -> [Figure: Double] {
        note("enqueue \(scale.single) by 100 callers, \(scale.batched) in batches")
        let single = try await enqueue(scale.single, callers: 100)
        let batched = try await enqueue(scale.batched, callers: 4, batch: 500)
        note("drain \(scale.preloaded)")
        let drained = try await drain(scale.preloaded)
        return [
            .enqueueSingle: single.rate,
            .enqueueBatches: batched.rate,
            .drain: drained.rate,
            .workerCPU: drained.cpuPerJob,
            .workerMemory: Double(drained.peakMemory) / 1e6,
        ]
    }

    private func bare() async throws -> [Figure: Double] {
        note("the bare room: publish and consume")
        let published = try await outcome(of: "bare-publish", ["count": scale.preloaded], EnqueueReport.self)
        let consumed = try await outcome(of: "bare-consume", ["expect": published.count], WorkReport.self)
        try await checkEmpty()
        return [.barePublish: published.rate, .bareConsume: consumed.rate, .bareCPU: consumed.cpuPerJob]
    }

    /// The same jobs twice: once as they were enqueued, once after somebody has had all of them and died.
    func redelivered() async throws -> [Figure: Double] {
        let count = scale.redelivered
        note("drain \(count), and \(count) that were handed out before")
        _ = try await enqueue(count, callers: 4, batch: 500)
        let fresh = try await drain(count)
        _ = try await enqueue(count, callers: 4, batch: 500)
        let holder = try child("hold", ["expect": count])
        let held = try await holder.report(EnqueueReport.self)
        guard held.count == count else { throw BenchFailure("only \(held.count) of \(count) jobs were handed out") }
        await holder.kill()
        let again = try await drain(count)
        var figures: [Figure: Double] = [.redelivered: again.rate, .redeliveredShare: again.rate / fresh.rate]
        if platform.profile == .cluster { figures[.bareRedeliveredShare] = try await bareRedelivered(count) }
        return figures
    }

    /// What of it is the broker's own: the room alone, with nothing to look up.
    private func bareRedelivered(_ count: Int) async throws -> Double {
        note("the bare room: \(count), and \(count) that were handed out before")
        _ = try await outcome(of: "bare-publish", ["count": count], EnqueueReport.self)
        let fresh = try await outcome(of: "bare-consume", ["expect": count], WorkReport.self)
        try await checkEmpty()
        _ = try await outcome(of: "bare-publish", ["count": count], EnqueueReport.self)
        let holder = try child("hold", ["expect": count])
        _ = try await holder.report(EnqueueReport.self)
        await holder.kill()
        // What it held comes back when the broker has seen its death; a consumer that is there before would get some of it twice.
        try await waitForReady(count)
        let again = try await outcome(of: "bare-consume", ["expect": count], WorkReport.self)
        try await checkEmpty()
        return again.rate / fresh.rate
    }

    private func drain(_ count: Int) async throws -> WorkReport {
        let worker = try child("work", ["expect": count])
        let report = try await worker.report(WorkReport.self)
        await worker.stop()
        try await checkEmpty()
        return report
    }

    private func both() async throws -> [Figure: Double] {
        note("enqueue and drain at once")
        let count = scale.batched
        let (enqueued, drained) = try await working(expecting: count) {
            try await enqueue(count, callers: 4, batch: 500)
        }
        return [.both: perSecond(count, enqueued.beganAt, drained.endedAt)]
    }
}
