public import JobCore
import Logging

/// Hands a broadcast over, slice by slice, to the channels' own jobs. A slice that is repeated after a crash makes the same
/// jobs with the same ids, and a job that comes twice sends once: so nobody gets it twice, and a kill costs one slice.
public struct BroadcastNotificationWorker: Worker {
    /// People in one slice at most: what a kill makes this process do again.
    static let largestSlice = 500
    private static let pauseLook: Duration = .seconds(2)

    private let book: MessageBook
    private let now: @Sendable () -> Timestamp

    public init(_ resources: WorkerResources) throws {
        self.init(book: try MessageBook(resources))
    }

    init(book: MessageBook, now: @escaping @Sendable () -> Timestamp = { .now() }) {
        self.book = book
        self.now = now
    }

    public func perform(_ job: BroadcastNotification, _ context: JobContext) async throws -> Outcome {
        let category = try check(job)
        let id = context.id
        let begun = try await context.write { session throws(StoreError) in
            try session.beginBroadcast(job, id, content: job.template)
        }
        guard var record = begun else { throw JobError.retry("broadcast_gone", "its row is not there") }
        guard record.jobID == id.description else {
            context.logger.notice(
                "another job has sent the broadcast of this name",
                metadata: ["job": "\(record.jobID)"]
            )
            return .done
        }
        let size = max(1, min(Self.largestSlice, job.ratePerSecond))
        while true {
            switch record.state {
            case .done, .cancelled: return .done
            case .paused: return .snooze(until: Timestamp.now().advanced(by: Self.pauseLook))
            case .running: break
            }
            if let limit = job.usefulUntil, limit <= now() {
                try await end(record.id, .cancelled, context)
                context.logger.notice("not worth sending any more", metadata: ["sent": "\(record.sent)"])
                return .done
            }
            if context.isSliceOver { return .continued }
            let began = ContinuousClock.now
            let cursor = record.cursor
            let people = try await context.read { session throws(StoreError) in
                try session.broadcastSlice(job.segment, after: cursor, limit: size)
            }
            guard let last = people.last else {
                try await end(record.id, .done, context)
                context.progress(1)
                return .done
            }
            let name = record.id
            try await context.write { session throws(StoreError) in try session.beginSlice(name) }
            let (sent, wait) = try await hand(people, job, category, context)
            if let wait { return .snooze(until: Timestamp.now().advanced(by: wait)) }
            let next = try await context.write { session throws(StoreError) in
                try session.advanceBroadcast(
                    name,
                    from: cursor,
                    to: last.profile.userID,
                    sent: sent,
                    skipped: people.count - sent
                )
                return try session.broadcast(name)
            }
            guard let next else { throw JobError.retry("broadcast_gone", "its row is not there") }
            record = next
            context.progress(record.progress)
            let due = began.advanced(by: .seconds(1) * people.count / job.ratePerSecond)
            if due > .now { try await Task.sleep(until: due, clock: .continuous) }
        }
    }

    private func check(_ job: BroadcastNotification) throws(JobError) -> MessageCategory {
        let isName =
            1...64 ~= job.broadcast.utf8.count
            && job.broadcast.utf8.allSatisfy {
                0x30...0x39 ~= $0 || 0x61...0x7A ~= $0 || $0 == 0x5F || $0 == 0x2D
            }
        guard isName else { throw .dead("bad_broadcast", "broadcast is a name of a-z, 0-9, _ and -") }
        guard 1...5000 ~= job.ratePerSecond else { throw .dead("bad_broadcast", "rate_per_second is 1…5000") }
        guard !book.channels(with: job.template).isEmpty else {
            throw .dead("bad_template", "no channel has a template of that name")
        }
        return try book.category(job.category)
    }

    private func end(_ id: String, _ state: BroadcastRecord.State, _ context: JobContext) async throws {
        try await context.write { session throws(StoreError) in
            _ = try session.setBroadcast(id, state, from: [.running])
        }
    }

    /// How many of them get it, and how long to wait where the queue is full: the slice is repeated then.
    private func hand(
        _ people: [BroadcastRecipient],
        _ job: BroadcastNotification,
        _ category: MessageCategory,
        _ context: JobContext
    ) async throws -> (sent: Int, wait: Duration?) {
        var pushes: [(job: PushNotification, options: [EnqueueOption])] = []
        var texts: [(job: SMSNotification, options: [EnqueueOption])] = []
        var mails: [(job: EmailNotification, options: [EnqueueOption])] = []
        let offered = book.channels(with: job.template)
        for person in people {
            let profile = person.profile
            func plan(at instant: Timestamp) -> DeliveryPlan {
                DeliveryPlan.of(
                    category,
                    to: profile,
                    channels: job.channels ?? category.channels,
                    hasDevices: person.hasDevices,
                    offered: offered,
                    zone: book.zones.rules(profile.zone),
                    usefulUntil: job.usefulUntil,
                    now: instant
                )
            }
            var options: [EnqueueOption] = [
                .id(.derived(from: "broadcast \(job.broadcast) \(profile.userID)")), .lane(.bulk),
            ]
            var decision = plan(at: now())
            if case .wait(let end) = decision {
                options.append(.delay(end.duration(since: now())))
                decision = plan(at: end)
            }
            guard case .go(let channel, _) = decision else { continue }
            switch channel {
            case .push: pushes.append((push(job, profile), options))
            case .sms: texts.append((text(job, profile), options))
            case .email: mails.append((mail(job, profile, category), options))
            }
        }
        var answers: [Result<Enqueued, EnqueueError>] = []
        if !pushes.isEmpty { answers += try await context.enqueue(all: pushes) }
        if !texts.isEmpty { answers += try await context.enqueue(all: texts) }
        if !mails.isEmpty { answers += try await context.enqueue(all: mails) }
        for case .failure(let error) in answers {
            guard let wait = error.suggestedWait else { throw error }
            return (0, wait)
        }
        return (answers.count, nil)
    }

    private func push(_ job: BroadcastNotification, _ profile: NotificationProfile) -> PushNotification {
        PushNotification(
            userID: profile.userID,
            template: job.template,
            locale: profile.locale,
            variables: job.variables,
            url: job.url,
            collapseID: String("b-\(job.broadcast)".prefix(64)),
            usefulUntil: job.usefulUntil,
            urgent: false,
            category: job.category,
            once: true
        )
    }

    private func text(_ job: BroadcastNotification, _ profile: NotificationProfile) -> SMSNotification {
        SMSNotification(
            to: profile.phone ?? "",
            template: job.template,
            locale: profile.locale,
            variables: job.variables,
            userID: profile.userID,
            usefulUntil: job.usefulUntil,
            promotional: true
        )
    }

    private func mail(
        _ job: BroadcastNotification,
        _ profile: NotificationProfile,
        _ category: MessageCategory
    ) -> EmailNotification {
        EmailNotification(
            to: profile.email ?? "",
            template: job.template,
            locale: profile.locale,
            variables: job.variables,
            list: category.list
        )
    }
}
