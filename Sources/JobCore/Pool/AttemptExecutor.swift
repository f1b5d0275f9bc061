import Logging

/// A delivery made ready to run: decoded as far as its envelope, with its deadline. A class, since it is handed on often
/// and holds a dozen references: copying them cost more than the box.
final class PreparedAttempt: Sendable {
    let delivery: Delivery
    let envelope: Result<Envelope, Malformed>
    let timeout: Duration
    let deadline: ContinuousClock.Instant
    var started: ContinuousClock.Instant { deadline - timeout }
    /// In a process of its own, because it was running when a process died.
    let isAlone: Bool
    /// 0 for a first delivery, else what its look-up gave. Nil when the store could not be asked: then nothing is known of
    /// those who had it before, and their marks must not be held against it.
    let generation: Int?

    init(
        delivery: Delivery,
        envelope: Result<Envelope, Malformed>,
        timeout: Duration,
        deadline: ContinuousClock.Instant,
        isAlone: Bool,
        generation: Int?
    ) {
        self.delivery = delivery
        self.envelope = envelope
        self.timeout = timeout
        self.deadline = deadline
        self.isAlone = isAlone
        self.generation = generation
    }

    /// Nil for a message without an id that can be looked up.
    var key: AttemptKey? { AttemptKey(delivery.message) }

    var id: JobID {
        switch envelope {
        case .success(let envelope): envelope.id
        case .failure: delivery.message.messageID.flatMap { JobID($0) } ?? JobID()
        }
    }

    var job: JobName {
        switch envelope {
        case .success(let envelope): envelope.job
        case .failure: "unknown.job"
        }
    }
}

/// What became of a delivery whose attempt is over.
enum AttemptEnd: Sendable {
    /// Durable: the delivery may be acknowledged.
    case settled
    /// Back to the broker, with the consumption that it came from.
    case givenBack
    /// Another process has it; the broker counts this delivery as that one's.
    case superseded
}

/// One attempt in a straight line: decode → deadline → perform → disposition → settle. The caller acknowledges.
struct AttemptExecutor: Sendable {
    let manifest: Manifest
    /// Routing keys of the types that are to have their effects once.
    let deduplicating: Set<String>
    let performs: [JobName: RegisteredVersion]
    let client: JobClient
    let store: Store
    let settler: Settler
    /// Nil where this program cannot be started again for one attempt: then suspects run like others.
    let lone: (any LoneRunner)?
    let flow: FlowRecorder
    let build: String
    let worker: String
    let logger: Logger

    struct RegisteredVersion: Sendable {
        let version: Int
        let perform: RegisteredJob.Perform
    }

    /// Nearly always false, and cheap then.
    func deduplicates(_ message: WireMessage) -> Bool {
        guard !deduplicating.isEmpty else { return false }
        return deduplicating.contains(message.routingKey)
    }

    func prepare(_ delivery: Delivery, _ answer: Redelivery, generation: Int?) -> PreparedAttempt {
        let envelope: Result<Envelope, Malformed>
        do throws(Malformed) {
            if let oversize = delivery.oversize {
                throw Malformed("malformed_too_large", "the payload has \(oversize.length) bytes")
            }
            envelope = .success(try Envelope(wire: delivery.message, receivedAt: .now()))
        } catch {
            envelope = .failure(error)
        }
        let job = try? envelope.get().job
        let timeout = job.flatMap { manifest.jobs[$0]?.timeout } ?? .seconds(60)
        return PreparedAttempt(
            delivery: delivery,
            envelope: envelope,
            timeout: timeout,
            deadline: .now.advanced(by: timeout),
            isAlone: answer == .runAlone || delivery.message.headers[HeaderName.alone] == .bool(true),
            generation: generation
        )
    }

    /// Returns when what became of the attempt is durable, or is somebody else's matter.
    func run(
        _ prepared: PreparedAttempt,
        at address: QueueAddress,
        _ handle: AttemptHandle
    ) async throws(StoreError) -> AttemptEnd {
        let envelope: Envelope
        switch prepared.envelope {
        case .failure(let malformed):
            try await settle(
                [.bury(strange(prepared, malformed, at: address))],
                of: prepared,
                strangeToken(of: prepared)
            )
            flow.record(address) { $0.dead += 1 }
            return .settled
        case .success(let decoded):
            envelope = decoded
        }
        let scope = AttemptScope(
            token: token(of: prepared, envelope),
            deduplicates: deduplicates(prepared.delivery.message),
            handle: handle
        )
        let result = await perform(envelope, prepared, scope, handle)
        if case .threw(StoreError.superseded) = result {
            logger.notice(
                "another process has the job",
                metadata: [LogKey.job: "\(envelope.id)", LogKey.name: "\(envelope.job)"]
            )
            return .superseded
        }
        let disposition = Disposition.of(
            result,
            envelope: envelope,
            policy: manifest.jobs[envelope.job]?.retry ?? RetryPolicy(),
            now: .now(),
            random: .random(in: .min ... .max)
        )
        return try await follow(disposition, envelope, prepared, scope, at: address)
    }

    /// Read from the message, as whoever gets it next will. Nil where nothing can be looked up by it, or nothing was.
    private func token(of prepared: PreparedAttempt, _ envelope: Envelope) -> RunToken? {
        guard let generation = prepared.generation, prepared.delivery.message.messageID != nil else { return nil }
        let key = AttemptKey(
            id: envelope.id,
            run: envelope.carried[HeaderName.replayOperation]?.string ?? "",
            attempt: envelope.attempt,
            readyAt: prepared.delivery.message.readyAt ?? Timestamp(milliseconds: 0)
        )
        return RunToken(key: key, generation: generation)
    }

    private func strangeToken(of prepared: PreparedAttempt) -> RunToken? {
        guard let generation = prepared.generation, let key = prepared.key else { return nil }
        return RunToken(key: key, generation: generation)
    }

    /// Nothing is written of a run that was taken over, and nothing at all of one that leaves nothing: its start mark, if
    /// it has one, names a job that will not come back. Those of a suspect end when it has run alone.
    private func settle(
        _ settlements: [Settlement],
        of prepared: PreparedAttempt,
        _ token: RunToken?
    ) async throws(StoreError) {
        guard let token else {
            for settlement in settlements { try await settler.settle(settlement) }
            return
        }
        let all = prepared.isAlone ? settlements + [.clear(token.key)] : settlements
        guard !all.isEmpty else { return }
        try await settler.settle(.ended(token, with: all))
    }

    private func perform(
        _ envelope: Envelope,
        _ prepared: PreparedAttempt,
        _ scope: AttemptScope,
        _ handle: AttemptHandle
    ) async -> AttemptResult {
        let now = Timestamp.now()
        if let expiresAt = envelope.expiresAt, expiresAt <= now { return .expired }
        if let delay = envelope.carried[HeaderName.delay]?.integer, delay > 0 {
            return .delayed(.milliseconds(delay))
        }
        guard let registered = performs[envelope.job] else {
            return .unknown("no worker for \(envelope.job) in this build")
        }
        guard envelope.version <= registered.version else {
            return .unknown(
                "\(envelope.job) version \(envelope.version) is newer than this build's \(registered.version)"
            )
        }
        let result: AttemptResult
        if prepared.isAlone, let lone {
            logger.info("job runs alone", metadata: [LogKey.job: "\(envelope.id)", LogKey.name: "\(envelope.job)"])
            let task = LoneTask(
                message: prepared.delivery.message,
                timeout: prepared.timeout,
                generation: prepared.generation,
                deduplicates: scope.deduplicates
            )
            result = await lone.run(task).result
        } else {
            let context = JobContext(
                envelope,
                deadline: prepared.deadline,
                logger: logger,
                client: client,
                store: store,
                scope: scope
            )
            do {
                result = .returned(try await registered.perform(envelope, context))
            } catch {
                result = .threw(error)
            }
        }
        switch (result, handle.cancellation) {
        case (.threw, .deadline), (.killed, .deadline): return .timedOut(prepared.timeout)
        case (.threw, .drain), (.killed, .drain): return .interrupted
        default: return result
        }
    }

    private func follow(
        _ disposition: Disposition,
        _ envelope: Envelope,
        _ prepared: PreparedAttempt,
        _ scope: AttemptScope,
        at address: QueueAddress
    ) async throws(StoreError) -> AttemptEnd {
        switch disposition {
        case .acknowledge:
            var settlements: [Settlement] = []
            if let origin = envelope.origin { settlements.append(.record(envelope.id, origin: origin)) }
            if scope.deduplicates { settlements.append(.finish(envelope.id)) }
            if scope.usesCheckpoint { settlements.append(.forget(envelope.id)) }
            try await settle(settlements, of: prepared, scope.token)
            let latency = Timestamp.now().duration(since: envelope.enqueuedAt).milliseconds
            flow.record(address) { counts in
                counts.done += 1
                counts.latency.record(milliseconds: latency)
                if envelope.origin?.hasPrefix("replay:") == true { counts.replayed += 1 }
            }
            return .settled
        case .wait(let due, let reason, let attempt, let failure):
            let entry = entry(envelope, address, due, reason, attempt, failure)
            try await settle([.wait(entry)], of: prepared, scope.token)
            flow.record(address) { if reason == .retry { $0.retried += 1 } else { $0.snoozed += 1 } }
            return .settled
        case .bury(let failure):
            logger.info(
                "job is dead",
                metadata: [
                    LogKey.job: "\(envelope.id)", LogKey.name: "\(envelope.job)", LogKey.attempt: "\(envelope.attempt)",
                    LogKey.error: "\(failure.label)",
                ]
            )
            var envelope = envelope
            envelope.carried[HeaderName.alone] = nil
            let letter = DeadLetter(envelope, at: address, failure: failure, build: build, worker: worker)
            let forgotten: [Settlement] = scope.usesCheckpoint ? [.forget(envelope.id)] : []
            try await settle([.bury(letter)] + forgotten, of: prepared, scope.token)
            flow.record(address) { $0.dead += 1 }
            return .settled
        case .giveBack:
            return .givenBack
        }
    }

    /// The requests have been acted on and must not be again; an unknown job remembers since when it is waited for.
    private func entry(
        _ envelope: Envelope,
        _ address: QueueAddress,
        _ due: Due,
        _ reason: WaitingReason,
        _ attempt: Int,
        _ failure: Failure?
    ) -> WaitingEntry {
        var next = envelope
        next.attempt = attempt
        next.lane = address.lane
        for name in HeaderName.actedOnOnce { next.carried[name] = nil }
        next.carried[HeaderName.alone] = reason == .killed ? .bool(true) : nil
        if failure?.label == "unknown_job" {
            let since = next.carried[HeaderName.unknownSince] ?? .int(Timestamp.now().milliseconds)
            next.carried[HeaderName.unknownSince] = since
        } else {
            next.carried[HeaderName.unknownSince] = nil
        }
        return WaitingEntry(
            envelope: next,
            address: address,
            due: due,
            reason: reason,
            lastError: failure.map { "\($0.label): \($0.message)" }
        )
    }

    private func strange(_ prepared: PreparedAttempt, _ malformed: Malformed, at address: QueueAddress) -> DeadLetter {
        DeadLetter(
            strange: prepared.delivery,
            id: prepared.id,
            at: address,
            failure: Failure(malformed.label, malformed.message),
            build: build,
            worker: worker
        )
    }
}
