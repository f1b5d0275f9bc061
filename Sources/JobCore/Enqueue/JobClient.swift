/// Enqueues jobs. Returns only after the job is durable: a confirmed publish, or a committed row for one that waits.
public struct JobClient: Sendable {
    private let store: Store
    private let desk: PublishDesk
    private var policy = EnqueuePolicy.failFast

    /// - Parameter publishDeadline: how long one publish may take before the caller gets a typed error.
    package init(broker: any Broker, store: Store, publishDeadline: Duration = .seconds(5)) {
        self.store = store
        desk = PublishDesk(broker: broker, publishDeadline: publishDeadline)
    }

    /// This client with another policy. Copies stand in the same lines and share one bounded buffer.
    public func with(_ policy: EnqueuePolicy) -> JobClient {
        var client = self
        client.policy = policy
        return client
    }

    @discardableResult
    public func enqueue<J: Job>(_ job: J, _ options: EnqueueOption...) async throws(EnqueueError) -> JobID {
        try await enqueue(job, options: options)
    }

    @discardableResult
    public func enqueue<J: Job>(_ job: J, options: [EnqueueOption]) async throws(EnqueueError) -> JobID {
        let payload: [UInt8]
        do {
            payload = try PayloadCoding.encode(job)
        } catch {
            throw EnqueueError(.invalid("\(J.name) does not encode: \(error)"), id: options.id ?? JobID())
        }
        let request = EnqueueRequest(job: J.name, version: J.version, payload: payload, options: options)
        return try await enqueue([request])[0].get()
    }

    /// Many at once; result *i* belongs to request *i*. One failing says nothing about the others.
    package func enqueue(_ requests: [EnqueueRequest]) async -> [Result<JobID, EnqueueError>] {
        var results = requests.map { Result<JobID, EnqueueError>.success($0.id) }
        var now: [(index: Int, envelope: Envelope)] = []
        var later: [(index: Int, entry: WaitingEntry)] = []
        for (index, request) in requests.enumerated() {
            do {
                let envelope = try request.envelope(at: .now())
                if let delay = request.delay, delay > .zero {
                    later.append(
                        (index, WaitingEntry(envelope: envelope, address: nil, due: .after(delay), reason: .delay))
                    )
                } else {
                    now.append((index, envelope))
                }
            } catch {
                results[index] = .failure(EnqueueError(.invalid(error.message), id: request.id))
            }
        }
        await publish(now, into: &results)
        await wait(later, into: &results)
        return results
    }

    private func publish(
        _ jobs: [(index: Int, envelope: Envelope)],
        into results: inout [Result<JobID, EnqueueError>]
    ) async {
        guard !jobs.isEmpty else { return }
        let answers = await desk.publish(jobs.map { $0.envelope.wire() }, policy)
        for case (let job, let refusal?) in zip(jobs, answers) {
            let error = EnqueueError(
                .publish(refusal.error),
                id: job.envelope.id,
                suggestedWait: refusal.suggestedWait
            )
            results[job.index] = .failure(error)
        }
    }

    private func wait(
        _ jobs: [(index: Int, entry: WaitingEntry)],
        into results: inout [Result<JobID, EnqueueError>]
    ) async {
        guard !jobs.isEmpty else { return }
        do {
            let routed = try await store.wait(jobs.map(\.entry))
            for (job, isRouted) in zip(jobs, routed) where !isRouted {
                let error = PublishError.unroutable(job.entry.envelope.routingKey)
                results[job.index] = .failure(EnqueueError(.publish(error), id: job.entry.envelope.id))
            }
        } catch {
            let wait = error.isRetryable ? desk.waitForPeer() : nil
            for job in jobs {
                let failure = EnqueueError(.store(error), id: job.entry.envelope.id, suggestedWait: wait)
                results[job.index] = .failure(failure)
            }
        }
    }
}
