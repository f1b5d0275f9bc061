import Logging

/// A delivery made ready to run: decoded as far as its envelope, with its deadline.
struct PreparedAttempt: Sendable {
    let delivery: Delivery
    let envelope: Result<Envelope, Malformed>
    let timeout: Duration
    let deadline: ContinuousClock.Instant
    var started: ContinuousClock.Instant { deadline - timeout }
    /// In a process of its own, because it was running when a process died.
    let isAlone: Bool

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

/// One attempt in a straight line: decode → deadline → perform → disposition → settle. The caller acknowledges.
struct AttemptExecutor: Sendable {
    let manifest: Manifest
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

    func prepare(_ delivery: Delivery, isSuspect: Bool = false) -> PreparedAttempt {
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
            isAlone: isSuspect || delivery.message.headers[HeaderName.alone] == .bool(true)
        )
    }

    /// True when what became of the attempt is durable and the delivery may be acknowledged; false when it goes back.
    func run(
        _ prepared: PreparedAttempt,
        at address: QueueAddress,
        interruption: @Sendable () -> RunningAttempts.Cancellation?
    ) async throws(StoreError) -> Bool {
        let envelope: Envelope
        switch prepared.envelope {
        case .failure(let malformed):
            try await settle(.bury(strange(prepared, malformed, at: address)), prepared)
            flow.record(address) { $0.dead += 1 }
            return true
        case .success(let decoded):
            envelope = decoded
        }
        let result = await perform(envelope, prepared, interruption: interruption)
        let disposition = Disposition.of(
            result,
            envelope: envelope,
            policy: manifest.jobs[envelope.job]?.retry ?? RetryPolicy(),
            now: .now(),
            random: .random(in: .min ... .max)
        )
        return try await follow(disposition, envelope, prepared, at: address)
    }

    /// The start marks of a job that came back go in the transaction that ends its attempt.
    private func settle(_ settlement: Settlement?, _ prepared: PreparedAttempt) async throws(StoreError) {
        if prepared.delivery.redelivered, let key = prepared.key {
            try await settler.settle(.ended(key, with: settlement))
        } else if let settlement {
            try await settler.settle(settlement)
        }
    }

    private func perform(
        _ envelope: Envelope,
        _ prepared: PreparedAttempt,
        interruption: @Sendable () -> RunningAttempts.Cancellation?
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
            result = await lone.run(LoneTask(message: prepared.delivery.message, timeout: prepared.timeout)).result
        } else {
            let context = JobContext(
                envelope,
                deadline: prepared.deadline,
                logger: logger,
                client: client,
                store: store
            )
            do {
                result = .returned(try await registered.perform(envelope, context))
            } catch {
                result = .threw(error)
            }
        }
        switch (result, interruption()) {
        case (.threw, .deadline), (.killed, .deadline): return .timedOut(prepared.timeout)
        case (.threw, .drain), (.killed, .drain): return .interrupted
        default: return result
        }
    }

    private func follow(
        _ disposition: Disposition,
        _ envelope: Envelope,
        _ prepared: PreparedAttempt,
        at address: QueueAddress
    ) async throws(StoreError) -> Bool {
        switch disposition {
        case .acknowledge:
            try await settle(envelope.origin.map { .record(envelope.id, origin: $0) }, prepared)
            let latency = Timestamp.now().duration(since: envelope.enqueuedAt).milliseconds
            flow.record(address) { counts in
                counts.done += 1
                counts.latency.record(milliseconds: latency)
                if envelope.origin?.hasPrefix("replay:") == true { counts.replayed += 1 }
            }
            return true
        case .wait(let due, let reason, let attempt, let failure):
            try await settle(.wait(entry(envelope, address, due, reason, attempt, failure)), prepared)
            flow.record(address) { if reason == .retry { $0.retried += 1 } else { $0.snoozed += 1 } }
            return true
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
            try await settle(.bury(letter), prepared)
            flow.record(address) { $0.dead += 1 }
            return true
        case .giveBack:
            return false
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
