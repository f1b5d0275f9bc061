import Synchronization

/// Publishes for a client and its copies: at once or with patience, and says after each refusal how long to wait.
///
/// The one place that tries again. The connection below holds what it sends, for no longer than a publish's deadline.
final class PublishDesk: Sendable {
    struct Refusal: Sendable {
        let error: PublishError
        let suggestedWait: Duration?
    }

    /// One message in a line, and what was said of it last.
    private struct Waiting: Sendable {
        let index: Int
        let message: WireMessage
        var refusal: Refusal?
    }

    /// What is left of a caller's deadline for its last try.
    private static let lastTry: Duration = .milliseconds(500)

    let room: WaitingRoom
    private let broker: any Broker
    private let publishDeadline: Duration
    private let advice = Mutex(WaitAdvice())

    init(broker: any Broker, publishDeadline: Duration, room: WaitingRoom = WaitingRoom()) {
        self.broker = broker
        self.publishDeadline = publishDeadline
        self.room = room
    }

    /// For the store, when it did not take jobs that wait there.
    func waitForPeer() -> Duration { advice.withLock { $0.waitForPeer() } }

    /// Nil for each message that is confirmed.
    func publish(_ messages: [WireMessage], _ policy: EnqueuePolicy) async -> [Refusal?] {
        switch policy {
        case .failFast: await attempt(messages, within: publishDeadline)
        case .wait(let limit): await publish(messages, until: .now.advanced(by: limit))
        }
    }

    private func attempt(_ messages: [WireMessage], within deadline: Duration) async -> [Refusal?] {
        let answers = zip(messages, await broker.publish(messages, deadline: min(deadline, publishDeadline)))
            .map { message, result in (routingKey: message.routingKey, error: result.failure) }
        let isWell = answers.allSatisfy { $0.error == nil }
        return advice.withLock { advice in
            if isWell, advice.isCalm { return Array(repeating: nil, count: answers.count) }
            let now = ContinuousClock.now
            advice.published(answers)
            var waits: [AdviceKey: Duration?] = [:]
            return answers.map { routingKey, error in
                guard let error else { return nil }
                let key = AdviceKey(routingKey: routingKey, label: error.label)
                let wait = waits[key] ?? advice.wait(after: error, of: routingKey, now: now)
                waits[key] = .some(wait)
                return Refusal(error: error, suggestedWait: wait)
            }
        }
    }

    /// One wait for all of a batch that failed alike.
    private struct AdviceKey: Hashable {
        let routingKey: String
        let label: String
    }

    private func publish(_ messages: [WireMessage], until deadline: ContinuousClock.Instant) async -> [Refusal?] {
        var results = messages.map { message in
            room.line(for: message.routingKey).map { Refusal(error: $0, suggestedWait: nil) }
        }
        let direct = results.indices.filter { results[$0] == nil }
        if !direct.isEmpty {
            let answers = await attempt(direct.map { messages[$0] }, within: ContinuousClock.now.duration(to: deadline))
            for (index, refusal) in zip(direct, answers) { results[index] = refusal }
        }
        let waiting = messages.indices.compactMap { index -> Waiting? in
            guard let refusal = results[index], refusal.error.isCertainlyNotTaken else { return nil }
            return Waiting(index: index, message: messages[index], refusal: refusal)
        }
        guard !waiting.isEmpty else { return results }
        await withTaskGroup(of: [Waiting].self) { group in
            for line in Dictionary(grouping: waiting, by: \.message.routingKey).values {
                group.addTask { await self.standInLine(line, until: deadline) }
            }
            for await line in group {
                for waiting in line { results[waiting.index] = waiting.refusal }
            }
        }
        return results
    }

    /// Tries until nothing is left to try, the deadline, or the cancellation of the caller's task.
    private func standInLine(_ jobs: [Waiting], until deadline: ContinuousClock.Instant) async -> [Waiting] {
        guard let first = jobs.first, let refusal = first.refusal else { return jobs }
        let key = first.message.routingKey
        let bytes = jobs.reduce(0) { $0 + $1.message.body.count }
        guard let ticket = room.enter(key, jobs: jobs.count, bytes: bytes, after: refusal.error) else {
            return jobs.map { advised($0, refusal) }
        }
        defer { room.leave(ticket) }
        guard await room.turn(ticket, until: deadline) else {
            let told = Refusal(error: room.line(for: key) ?? refusal.error, suggestedWait: nil)
            return jobs.map { advised($0, told) }
        }
        var jobs = jobs
        while true {
            let open = jobs.indices.filter { jobs[$0].refusal?.error.isCertainlyNotTaken == true }
            guard let next = open.first, let refusal = jobs[next].refusal else { return jobs }
            room.heard(refusal.error, by: ticket)
            let left = ContinuousClock.now.duration(to: deadline) - Self.lastTry
            guard left > .zero, await pause(min(refusal.suggestedWait ?? .zero, left)) else {
                return jobs.map { advised($0, refusal) }
            }
            let answers = await attempt(
                open.map { jobs[$0].message },
                within: ContinuousClock.now.duration(to: deadline)
            )
            for (index, answer) in zip(open, answers) { jobs[index].refusal = answer }
        }
    }

    /// Whoever was not tried himself is told to wait as well.
    private func advised(_ job: Waiting, _ refusal: Refusal) -> Waiting {
        var job = job
        guard let own = job.refusal, own.suggestedWait == nil, own.error.isCertainlyNotTaken else { return job }
        let wait = refusal.suggestedWait ?? .seconds(1)
        job.refusal = Refusal(error: refusal.error, suggestedWait: wait)
        return job
    }

    /// False when the task was cancelled.
    private func pause(_ duration: Duration) async -> Bool {
        if duration > .zero { try? await Task.sleep(for: duration) }
        return !Task.isCancelled
    }
}

extension PublishError {
    /// Publishing it again cannot make two of it, and may succeed.
    fileprivate var isCertainlyNotTaken: Bool {
        switch self {
        case .queueFull, .brokerBlocked, .unavailable: true
        case .unconfirmed, .unroutable, .refused: false
        }
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
