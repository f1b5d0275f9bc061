/// Enqueues jobs. Returns only after the job is durable: a confirmed publish, or a committed row for one that waits.
public struct JobClient: Sendable {
    /// Published at once: more are sent one slice after the other, so that none overflows the connection's buffer.
    private static let slice = (jobs: 1_000, bytes: 8 << 20)

    private let waitingDesk: WaitingDesk
    private let desk: PublishDesk
    private var policy = EnqueuePolicy.failFast
    /// What the broker and the store live by.
    private var owner: (any AnyObject & Sendable)?
    private let tracer: (any SpanSink)?

    /// - Parameters:
    ///   - publishDeadline: how long one publish may take before the caller gets a typed error.
    ///   - tracer: gets a span for each enqueue and each publish; nil: trace context is only carried along.
    package init(
        broker: any Broker,
        store: Store,
        publishDeadline: Duration = .seconds(5),
        tracer: (any SpanSink)? = nil
    ) {
        waitingDesk = WaitingDesk(store: store)
        self.tracer = tracer
        desk = PublishDesk(broker: broker, publishDeadline: publishDeadline)
    }

    /// This client with another policy. Copies stand in the same lines and share one bounded buffer.
    public func with(_ policy: EnqueuePolicy) -> JobClient {
        var client = self
        client.policy = policy
        return client
    }

    /// This client, which keeps something alive as long as it and its copies are.
    package func keeping(_ owner: any AnyObject & Sendable) -> JobClient {
        var client = self
        client.owner = owner
        return client
    }

    /// Many of a type in one call, each with these options; result *i* belongs to job *i*, and one failing says nothing about
    /// the others. Durable in slices: a crash in between loses none of those that were answered.
    public func enqueue<J: Job>(all jobs: [J], _ options: EnqueueOption...) async -> [Result<Enqueued, EnqueueError>] {
        // One id for all would make one job of them.
        let options = options.filter { if case .id = $0 { false } else { true } }
        var results: [Result<Enqueued, EnqueueError>] = []
        var requests: [EnqueueRequest] = []
        var places: [Int] = []
        for (index, job) in jobs.enumerated() {
            do {
                let payload = try PayloadCoding.encode(job)
                let request = EnqueueRequest(job: J.name, version: J.version, payload: payload, options: options)
                requests.append(request)
                places.append(index)
                results.append(.success(Enqueued(request.id)))
            } catch {
                results.append(.failure(EnqueueError(.invalid("\(J.name) does not encode: \(error)"), id: JobID())))
            }
        }
        for (place, result) in zip(places, await enqueue(requests)) { results[place] = result }
        return results
    }

    @discardableResult
    public func enqueue<J: Job>(_ job: J, _ options: EnqueueOption...) async throws(EnqueueError) -> Enqueued {
        try await enqueue(job, options: options)
    }

    @discardableResult
    public func enqueue<J: Job>(_ job: J, options: [EnqueueOption]) async throws(EnqueueError) -> Enqueued {
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
    package func enqueue(_ requests: [EnqueueRequest]) async -> [Result<Enqueued, EnqueueError>] {
        var results = requests.map { Result<Enqueued, EnqueueError>.success(Enqueued($0.id)) }
        var now: [(index: Int, envelope: Envelope)] = []
        var later: [(index: Int, entry: WaitingEntry)] = []
        var spans: [(index: Int, envelope: Envelope, span: OpenSpan)] = []
        for (index, request) in requests.enumerated() {
            do {
                var envelope = try request.envelope(at: .now())
                if tracer != nil {
                    let span = OpenSpan("enqueue \(request.job)", .producer, parent: envelope.traceparent)
                    envelope.carried[HeaderName.traceparent] = .string(span.context.description)
                    spans.append((index, envelope, span))
                }
                let admission = try request.admission()
                if admission == nil, request.delay ?? .zero <= .zero {
                    now.append((index, envelope))
                } else {
                    let entry = WaitingEntry(
                        envelope: envelope,
                        address: nil,
                        due: .after(request.delay ?? .zero),
                        reason: .delay,
                        admission: admission
                    )
                    later.append((index, entry))
                }
            } catch {
                results[index] = .failure(EnqueueError(.invalid(error.message), id: request.id))
            }
        }
        await publish(now, into: &results)
        await wait(later, into: &results)
        if let tracer {
            for (index, envelope, span) in spans {
                span.end(tracer, envelope.traceAttributes, error: results[index].failureLabel)
            }
        }
        return results
    }

    private func publish(
        _ jobs: [(index: Int, envelope: Envelope)],
        into results: inout [Result<Enqueued, EnqueueError>]
    ) async {
        var rest = jobs[...]
        while !rest.isEmpty {
            var bytes = 0
            let slice = rest.prefix(Self.slice.jobs).prefix { job in
                bytes += job.envelope.payload.count
                return bytes <= Self.slice.bytes
            }
            rest = rest.dropFirst(slice.count)
            await publish(slice: slice, into: &results)
        }
    }

    private func publish(
        slice jobs: ArraySlice<(index: Int, envelope: Envelope)>,
        into results: inout [Result<Enqueued, EnqueueError>]
    ) async {
        let spans = jobs.map { PublishSpan($0.envelope, tracer) }
        let answers = await desk.publish(zip(jobs, spans).map { $1.carried(by: $0.envelope).wire() }, policy)
        for ((job, span), refusal) in zip(zip(jobs, spans), answers) {
            span.end(job.envelope, error: refusal?.error.label)
        }
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
        into results: inout [Result<Enqueued, EnqueueError>]
    ) async {
        guard !jobs.isEmpty else { return }
        var wait: Duration?
        for (job, answer) in zip(jobs, await waitingDesk.wait(jobs.map(\.entry))) {
            let id = job.entry.envelope.id
            switch answer {
            case .success(.waits): break
            case .success(.coalesced(let into)): results[job.index] = .success(Enqueued(id, .coalesced(into: into)))
            case .success(.duplicate(let of)): results[job.index] = .success(Enqueued(id, .duplicate(of: of)))
            case .success(.unroutable):
                let error = PublishError.unroutable(job.entry.envelope.routingKey)
                results[job.index] = .failure(EnqueueError(.publish(error), id: id))
            case .failure(let error):
                // One wait for all that failed alike.
                if error.isRetryable { wait = wait ?? desk.waitForPeer() }
                let suggested = error.isRetryable ? wait : nil
                results[job.index] = .failure(EnqueueError(.store(error), id: id, suggestedWait: suggested))
            }
        }
    }
}

extension Result where Failure == EnqueueError {
    fileprivate var failureLabel: String? {
        if case .failure(let error) = self { error.label } else { nil }
    }
}
