package import JobCore
package import Logging
import ServiceLifecycle

/// Publishes waiting jobs when they are due, within 250 ms. Any number may run: rows are claimed, claims end by
/// themselves, and a row is deleted only in the version that was published.
package struct Promoter: Service {
    /// Looks at least this often, so that a job is published within 250 ms of its due time.
    private static let longestNap: Duration = .milliseconds(150)
    /// One slice of one lane; lanes take turns, so that a full one delays nobody else.
    private static let slice = 500
    private static let lease: Duration = .seconds(30)
    private static let publishDeadline: Duration = .seconds(10)
    /// Between looks for claims of the dead.
    private static let wakePeriod: Duration = .seconds(1)

    private let broker: any Broker
    private let store: Store
    private let claimant: String
    private let build: String
    private let witness: (any DeathWitness)?
    /// Says which queues a breaker parks, and how many places limits have.
    private let manifest: Manifest
    private let mark: LoopMark
    private let tracer: (any SpanSink)?
    private let logger: Logger

    package init(
        broker: any Broker,
        store: Store,
        claimant: String,
        build: String,
        witness: (any DeathWitness)? = nil,
        manifest: Manifest = Manifest(),
        mark: LoopMark = .none,
        tracer: (any SpanSink)? = nil,
        logger: Logger
    ) {
        self.broker = broker
        self.store = store
        self.claimant = claimant
        self.build = build
        self.witness = witness
        self.manifest = manifest
        self.mark = mark
        self.tracer = tracer
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await promoteUntilCancelled()
        }
    }

    private func promoteUntilCancelled() async {
        var backoff = Backoff(base: .milliseconds(200), cap: .seconds(5))
        var resting = RestingLanes()
        var nextWake = ContinuousClock.now
        while !Task.isCancelled {
            do {
                if let witness, nextWake <= .now {
                    nextWake = .now.advanced(by: Promoter.wakePeriod)
                    try await takeOver(witness)
                }
                let (due, next, hasSuperseded) = try await store.dueLanes()
                if hasSuperseded { _ = try await store.settleSuperseded() }
                let lanes = due.isEmpty ? [] : try await open(due)
                var moved = 0
                for lane in lanes where !resting.contains(lane, at: .now) && !Task.isCancelled {
                    let outcome = try await promoteWholeSlice(of: lane)
                    moved += outcome.published
                    if let pause = outcome.rest { resting.rest(lane, until: .now.advanced(by: pause)) }
                }
                backoff.reset()
                mark.turned()
                if moved == 0 { try? await Task.sleep(for: Promoter.nap(until: next)) }
            } catch {
                mark.failed(error.label)
                logger.warning("promoting waits for the store", metadata: [LogKey.error: "\(error.label)"])
                try? await Task.sleep(for: backoff.next())
            }
        }
    }

    /// What dead processes hold: claims, places in limits, the right to try a dependency.
    private func takeOver(_ witness: any DeathWitness) async throws(StoreError) {
        let released = try await store.releaseClaims(ofDead: witness)
        if released > 0 {
            logger.notice("took over from a dead promoter", metadata: [LogKey.count: "\(released)"])
        }
        if manifest.hasDependencies { try await store.endProbes(ofDead: witness) }
        guard !places.isEmpty else { return }
        let freed = try await store.freeSlots(ofDead: witness)
        if freed > 0 { logger.notice("freed the places of dead workers", metadata: [LogKey.count: "\(freed)"]) }
        try await store.advanceLines(places)
    }

    private var places: [String: Int] {
        manifest.limits.compactMapValues { limit in
            if case .concurrency(let count) = limit.rule { count } else { nil }
        }
    }

    /// Without the lanes of queues that are parked or paused: their jobs wait here, where they can be seen and cancelled.
    private func open(_ lanes: [QueueAddress]) async throws(StoreError) -> [QueueAddress] {
        let brakes = try await store.brakes()
        return lanes.filter { lane in
            !brakes.isStopped(lane.queue, dependencies: manifest.queues[lane.queue]?.dependencies ?? [])
        }
    }

    /// In a task of its own: a slice that has begun is finished also when the process shuts down. Cancelled between its
    /// publish and its delete it would be published twice.
    private func promoteWholeSlice(of lane: QueueAddress) async throws(StoreError) -> SliceOutcome {
        let slice = Task { () async -> Result<SliceOutcome, StoreError> in
            do throws(StoreError) {
                return .success(try await promoteSlice(of: lane))
            } catch {
                return .failure(error)
            }
        }
        return try await slice.value.get()
    }

    /// A lane at rest is due already, so zero is answered with a short nap and not with a spin.
    private static func nap(until next: Duration?) -> Duration {
        guard let next, next > .zero else { return next == nil ? longestNap : .milliseconds(50) }
        return min(next, longestNap)
    }

    package struct SliceOutcome: Sendable, Equatable {
        package var published = 0
        /// How long this lane is left alone, after a refusal.
        package var rest: Duration?
    }

    /// Claims, publishes, deletes. No transaction is open while the publish is in flight.
    package func promoteSlice(of lane: QueueAddress) async throws(StoreError) -> SliceOutcome {
        let claimed = try await store.claimDue(lane, limit: Promoter.slice, claimant: claimant, lease: Promoter.lease)
        if let error = claimed.unreadable {
            logger.error(
                "due jobs cannot be read and keep waiting: \(error)",
                metadata: [LogKey.queue: "\(lane)", LogKey.error: "\(error.label)"]
            )
        }
        let jobs = claimed.jobs
        guard !jobs.isEmpty else { return SliceOutcome() }
        let spans = jobs.map { PublishSpan($0.envelope, tracer) }
        let messages = zip(jobs, spans).map { $1.carried(by: $0.envelope).wire() }
        let answers = await broker.publish(messages, deadline: Promoter.publishDeadline)
        for ((job, span), answer) in zip(zip(jobs, spans), answers) {
            span.end(job.envelope, error: answer.failureLabel)
        }
        var outcome = SliceOutcome()
        var published: [WaitingVersion] = []
        var kept: [WaitingVersion] = []
        var unroutable: [WaitingJob] = []
        for (job, answer) in zip(jobs, answers) {
            let seen = WaitingVersion(id: job.envelope.id, version: job.version)
            switch answer {
            case .success:
                published.append(seen)
            case .failure(.unroutable):
                unroutable.append(job)
            case .failure(let error):
                kept.append(seen)
                outcome.rest = error == .queueFull ? .seconds(1) : .milliseconds(500)
            }
        }
        try await store.promoted(published, claimant: claimant)
        if !unroutable.isEmpty { try await redirect(unroutable) }
        if !kept.isEmpty {
            logger.info(
                "lane rests, its jobs keep waiting",
                metadata: [
                    LogKey.queue: "\(lane)", LogKey.count: "\(kept.count)",
                ]
            )
            try await store.unclaim(kept, claimant: claimant)
        }
        outcome.published = published.count + unroutable.count
        return outcome
    }

    /// The topology has moved on since the job began to wait: it goes where its type goes now, or becomes a letter.
    private func redirect(_ jobs: [WaitingJob]) async throws(StoreError) {
        var moved: [WaitingEntry] = []
        var letters: [DeadLetter] = []
        let routes = try await store.routes()
        for job in jobs {
            var envelope = job.envelope
            if let route = routes.first(where: { $0.routingKey == envelope.job.rawValue }), route.address != job.address
            {
                envelope.lane = route.address.lane
                moved.append(
                    WaitingEntry(
                        envelope: envelope,
                        address: route.address,
                        due: .at(job.dueAt),
                        reason: job.reason,
                        lastError: job.lastError,
                        operationID: job.operationID
                    )
                )
            } else {
                let failure = Failure(
                    "unroutable",
                    "no queue is bound to \(envelope.routingKey): run `jobctl topology apply`"
                )
                letters.append(DeadLetter(envelope, at: job.address, failure: failure, build: build, worker: claimant))
            }
        }
        if !moved.isEmpty { _ = try await store.wait(moved) }
        if !letters.isEmpty { try await store.bury(letters) }
    }
}

/// Lanes whose broker queue refused, and until when they are left alone.
struct RestingLanes {
    private var until: [QueueAddress: ContinuousClock.Instant] = [:]

    mutating func rest(_ lane: QueueAddress, until end: ContinuousClock.Instant) {
        until[lane] = end
    }

    func contains(_ lane: QueueAddress, at now: ContinuousClock.Instant) -> Bool {
        until[lane].map { $0 > now } ?? false
    }
}

extension Result where Failure == PublishError {
    fileprivate var failureLabel: String? {
        if case .failure(let error) = self { error.label } else { nil }
    }
}
