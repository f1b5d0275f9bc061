import Foundation

/// The brakes as an attempt meets them: pauses and limits before it starts, breakers and the retry budget after it ended.
struct AttemptBrakes: Sendable {
    /// The longest wait for a limit that is sat out; a longer one is spent in `waiting`.
    private static let patience: Duration = .seconds(1)

    let board: BrakeBoard
    private let limits: [JobName: [LimitDeclaration]]
    private let desk: Batcher<LimitAsk, Result<LimitAnswer, StoreError>>
    private let budget = RetryBudget()
    private let manifest: Manifest
    private let worker: String

    init(manifest: Manifest, board: BrakeBoard, store: Store, worker: String) {
        self.manifest = manifest
        self.board = board
        self.worker = worker
        limits =
            manifest.limits.isEmpty
            ? [:] : Dictionary(uniqueKeysWithValues: manifest.jobs.keys.map { ($0, manifest.limits(on: $0)) })
        desk = Batcher(maximum: 200) { asks in
            do throws(StoreError) {
                return try await store.admit(asks).map { .success($0) }
            } catch {
                return asks.map { _ in .failure(error) }
            }
        }
    }

    /// Whether jobs of this type hold places while they run.
    func holdsPlaces(_ job: JobName) -> Bool {
        guard let limits = limits[job] else { return false }
        return limits.contains { if case .concurrency = $0.rule { true } else { false } }
    }

    /// Nil when the job may start, now or after a wait that has passed.
    func refusal(
        _ envelope: Envelope,
        timeout: Duration,
        queue: String
    ) async -> AttemptResult? {
        if let control = board.pause(of: envelope.job) { return .paused(control) }
        guard let limits = limits[envelope.job], !limits.isEmpty else { return nil }
        let shares = shares(of: envelope, limits)
        guard !shares.isEmpty else { return nil }
        let ask = LimitAsk(
            job: envelope.id,
            queue: queue,
            worker: worker,
            shares: shares,
            patience: min(AttemptBrakes.patience, timeout / 4),
            holding: timeout + .seconds(60)
        )
        switch await desk.submit(ask) {
        // The job has not run: a store that is busy costs it no attempt, as one that is away does not.
        case .failure(let error): return .threw(error.isRetryable ? StoreError.unavailable("\(error)") : error)
        case .success(.wait(let due, let reserved)):
            return .limited(due, reserved: Array(Set(reserved + AttemptBrakes.reserved(envelope))).sorted())
        case .success(.granted(let wait)):
            guard wait > .zero else { return nil }
            do {
                try await Task.sleep(for: wait)
                return nil
            } catch {
                return .threw(error)
            }
        }
    }

    private static func reserved(_ envelope: Envelope) -> [String] {
        envelope.carried[HeaderName.reserved]?.string?.split(separator: ",").map(String.init) ?? []
    }

    /// A place is asked for in any case: only whoever runs holds it.
    private func shares(of envelope: Envelope, _ limits: [LimitDeclaration]) -> [LimitAsk.Share] {
        let reserved = AttemptBrakes.reserved(envelope)
        let payload =
            limits.contains { $0.key != nil } ? try? JSONSerialization.jsonObject(with: Data(envelope.payload)) : nil
        return limits.compactMap { limit in
            if reserved.contains(limit.name), !limit.isConcurrency { return nil }
            let isPersonal = limit.key.map { manifest.jobs[envelope.job]?.isPersonal($0) ?? false } ?? false
            return limit.key(in: payload, isPersonal: isPersonal).map { LimitAsk.Share(limit, key: $0) }
        }
    }

    /// What becomes of the attempt once its dependencies and the budget have been asked.
    /// - Parameter probed: the dependencies that it tried, when it was the one job that tries.
    func weigh(
        _ disposition: Disposition,
        of result: AttemptResult,
        _ envelope: Envelope,
        at address: QueueAddress,
        probed: [String]
    ) async -> Disposition {
        let dependencies = board.dependencies(of: address.queue)
        if !dependencies.isEmpty || disposition.isPark {
            let braked = await heed(disposition, result, envelope, address, dependencies, probed)
            if let braked { return braked }
        }
        guard case .wait(.after(let delay), .retry, let attempt, let failure) = disposition else {
            if envelope.attempt == 1, budget.isInUse {
                budget.earn(envelope.job, percent: manifest.jobs[envelope.job]?.retry.budgetPercent ?? 0)
            }
            return disposition
        }
        let policy = manifest.jobs[envelope.job]?.retry ?? RetryPolicy()
        if budget.spend(envelope.job, percent: policy.budgetPercent) { return disposition }
        return .wait(.after(max(delay, policy.cap)), .retry, attempt: attempt, failure)
    }

    private func heed(
        _ disposition: Disposition,
        _ result: AttemptResult,
        _ envelope: Envelope,
        _ address: QueueAddress,
        _ dependencies: [DependencyDeclaration],
        _ probed: [String]
    ) async -> Disposition? {
        if case .returned(.done) = result {
            if probed.isEmpty {
                board.answered(dependencies)
            } else {
                await board.probeAnswered(probed, at: address)
            }
            return nil
        }
        guard let failure = disposition.failure else { return nil }
        var failing = dependencies.filter { $0.failures.contains(failure.label) }.map(\.name)
        if case .park(let name, _) = disposition, !failing.contains(name) { failing.append(name) }
        guard !failing.isEmpty else { return nil }
        // A worker that parks says what is to be mended; other errors' words may hold anything.
        let reason =
            disposition.isPark ? "\(failure.label): \(failure.message)".scrubbed(maximumBytes: 300) : failure.label
        var isStopped = false
        let known = failing.filter { name in dependencies.contains { $0.name == name } }
        if !known.isEmpty {
            let tried = probed.filter { known.contains($0) }
            if tried.isEmpty {
                isStopped = await board.failed(known, reason: reason)
            } else {
                await board.probeFailed(tried, at: address, reason: reason)
                isStopped = true
            }
        }
        guard isStopped || disposition.isPark else { return nil }
        let delay = max(.seconds(1), isStopped ? board.remaining(known) ?? .zero : Disposition.parkedDelay)
        return .wait(.after(delay), .snooze, attempt: envelope.attempt, failure)
    }
}

extension Disposition {
    fileprivate var isPark: Bool {
        if case .park = self { true } else { false }
    }
}

extension LimitDeclaration {
    fileprivate var isConcurrency: Bool {
        if case .concurrency = rule { true } else { false }
    }
}
