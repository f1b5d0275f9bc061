import Logging

/// One attempt in a straight line: decode → deadline → perform → disposition → settle. The caller acknowledges.
struct AttemptExecutor: Sendable {
    let manifest: Manifest
    /// Routing keys of the types that are to have their effects once.
    let deduplicating: Set<String>
    /// Types whose jobs are not worth running for ever.
    let expires: Set<JobName>
    let performs: [JobName: RegisteredVersion]
    let client: JobClient
    let store: Store
    let settler: Settler
    let brakes: AttemptBrakes
    /// Nil where this program cannot be started again for one attempt: then suspects run like others.
    let lone: (any LoneRunner)?
    /// Gets a span for each attempt.
    let tracer: (any SpanSink)?
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

    func prepare(
        _ delivery: Delivery,
        _ answer: Redelivery,
        generation: Int?,
        probed: [String] = []
    ) -> PreparedAttempt {
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
            generation: generation,
            probed: probed
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
        let span = tracer.map { _ in OpenSpan("attempt \(envelope.job)", .consumer, parent: envelope.traceparent) }
        let scope = AttemptScope(
            token: token(of: prepared, envelope),
            deduplicates: deduplicates(prepared.delivery.message),
            traceparent: span?.context.description ?? envelope.traceparent,
            handle: handle
        )
        let result = await perform(envelope, prepared, scope, handle, at: address)
        if case .threw(StoreError.superseded) = result {
            logger.notice(
                "another process has the job",
                metadata: [LogKey.job: "\(envelope.id)", LogKey.name: "\(envelope.job)"]
            )
            return .superseded
        }
        let decided = Disposition.of(
            result,
            envelope: envelope,
            policy: manifest.jobs[envelope.job]?.retry ?? RetryPolicy(),
            now: .now(),
            random: .random(in: .min ... .max)
        )
        let disposition = await brakes.weigh(decided, of: result, envelope, at: address, probed: prepared.probed)
        let end = try await follow(disposition, envelope, prepared, scope, at: address)
        if let span, let tracer {
            let attributes =
                envelope.traceAttributes + [
                    ("messaging.destination.name", address.name), ("job.outcome", disposition.label),
                ]
            span.end(tracer, attributes, error: disposition.failure?.label)
        }
        return end
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
        _ handle: AttemptHandle,
        at address: QueueAddress
    ) async -> AttemptResult {
        if let stale = staleness(of: envelope) { return stale }
        let delay = Duration.milliseconds(envelope.carried[HeaderName.delay]?.integer ?? 0)
        if Admission.isAsked(by: envelope.carried) {
            do throws(Malformed) {
                if let admission = try Admission(envelope.carried) { return .asked(admission, delay: delay) }
            } catch {
                return .malformed(error)
            }
        }
        if delay > .zero { return .delayed(delay) }
        guard let registered = performs[envelope.job] else {
            return .unknown("no worker for \(envelope.job) in this build")
        }
        guard envelope.version <= registered.version else {
            return .unknown(
                "\(envelope.job) version \(envelope.version) is newer than this build's \(registered.version)"
            )
        }
        if let refusal = await brakes.refusal(envelope, timeout: prepared.timeout, queue: address.queue) {
            return ended(refusal, handle, prepared)
        }
        if envelope.carried[HeaderName.freesAtStart] == .bool(true) {
            do throws(StoreError) {
                try await store.freeUnique(startedBy: envelope.id)
            } catch {
                return .threw(error)
            }
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
        return ended(result, handle, prepared)
    }

    /// Nil while the job is worth running.
    private func staleness(of envelope: Envelope) -> AttemptResult? {
        guard envelope.expiresAt != nil || expires.contains(envelope.job) else { return nil }
        let declaration = manifest.jobs[envelope.job]
        let byType = declaration?.expiresAfter.map { envelope.enqueuedAt.advanced(by: $0) }
        guard min(envelope.expiresAt ?? .latest, byType ?? .latest) <= .now() else { return nil }
        return declaration?.shedsExpired == true ? .shed : .expired
    }

    /// What was cancelled has ended for the reason of its cancellation, unless it finished its work.
    private func ended(
        _ result: AttemptResult,
        _ handle: AttemptHandle,
        _ prepared: PreparedAttempt
    ) -> AttemptResult {
        switch (result, handle.cancellation) {
        case (.threw, .deadline), (.killed, .deadline): return .timedOut(prepared.timeout)
        case (.threw, .drain), (.killed, .drain): return .interrupted
        case (.threw, .withdrawal), (.killed, .withdrawal): return .withdrawn
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
            settlements += outcome(.done, of: envelope, prepared)
            if scope.deduplicates { settlements.append(.finish(envelope.id)) }
            if scope.usesCheckpoint { settlements.append(.forget(envelope.id)) }
            try await settle(settlements + places(envelope), of: prepared, scope.token)
            let latency = Timestamp.now().duration(since: envelope.enqueuedAt).milliseconds
            flow.record(address) { counts in
                counts.done += 1
                counts.latency.record(milliseconds: latency)
                if envelope.origin?.hasPrefix("replay:") == true { counts.replayed += 1 }
            }
            return .settled
        case .withdraw:
            logger.info(
                "job has ended as it was asked to",
                metadata: [LogKey.job: "\(envelope.id)", LogKey.name: "\(envelope.job)"]
            )
            let forgotten: [Settlement] = scope.usesCheckpoint ? [.forget(envelope.id)] : []
            let endings = outcome(.cancelled, of: envelope, prepared) + forgotten + places(envelope)
            try await settle(endings, of: prepared, scope.token)
            return .settled
        case .shed:
            let forgotten: [Settlement] = scope.usesCheckpoint ? [.forget(envelope.id)] : []
            try await settle(outcome(.cancelled, of: envelope, prepared) + forgotten, of: prepared, scope.token)
            flow.record(address) { $0.shed += 1 }
            return .settled
        case .park(_, let failure):
            let entry = entry(envelope, address, .after(Disposition.parkedDelay), .snooze, envelope.attempt, failure)
            try await settle([.wait(entry)] + places(envelope), of: prepared, scope.token)
            flow.record(address) { $0.snoozed += 1 }
            return .settled
        case .limit(let due, let reserved):
            var entry = entry(envelope, address, due, .limit, envelope.attempt, nil)
            entry.envelope.carried[HeaderName.reserved] = .string(reserved.joined(separator: ","))
            // The place it lines up for, or has, stays its own.
            try await settle([.wait(entry)], of: prepared, scope.token)
            flow.record(address) { $0.snoozed += 1 }
            return .settled
        case .admit(let admission, let due):
            var entry = entry(envelope, address, due, .delay, envelope.attempt, nil)
            entry.admission = admission
            try await settle([.wait(entry)], of: prepared, scope.token)
            flow.record(address) { $0.snoozed += 1 }
            return .settled
        case .wait(let due, let reason, let attempt, let failure):
            let entry = entry(envelope, address, due, reason, attempt, failure)
            try await settle([.wait(entry)] + places(envelope), of: prepared, scope.token)
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
            envelope.carried[HeaderName.reserved] = nil
            let letter = DeadLetter(envelope, at: address, failure: failure, build: build, worker: worker)
            let forgotten: [Settlement] = scope.usesCheckpoint ? [.forget(envelope.id)] : []
            try await settle([.bury(letter)] + forgotten + places(envelope), of: prepared, scope.token)
            flow.record(address) { counts in
                counts.dead += 1
                if failure.label == "expired" { counts.shed += 1 }
            }
            return .settled
        case .giveBack:
            if brakes.holdsPlaces(envelope.job) { try await store.freeSlots(of: [envelope.id]) }
            return .givenBack
        }
    }

    /// The places in limits that an attempt has held.
    private func places(_ envelope: Envelope) -> [Settlement] {
        brakes.holdsPlaces(envelope.job) ? [.free(envelope.id)] : []
    }

    private func outcome(
        _ ending: Settlement.Ending,
        of envelope: Envelope,
        _ prepared: PreparedAttempt
    ) -> [Settlement] {
        guard let origin = envelope.origin else { return [] }
        let runTime = prepared.started.duration(to: .now)
        return [.record(envelope.id, origin: origin, ending: ending, runTime: runTime)]
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
        next.carried[HeaderName.reserved] = nil
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
