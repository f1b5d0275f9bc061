public import JobCore
import Logging

/// Decides the way and the time, and hands over to the channel's own job. The same job decides once: what it enqueues has
/// ids that come from its own.
public struct SendNotificationWorker: Worker {
    private let book: MessageBook
    private let now: @Sendable () -> Timestamp

    public init(_ resources: WorkerResources) throws {
        self.init(book: try MessageBook(resources))
    }

    init(book: MessageBook, now: @escaping @Sendable () -> Timestamp = { .now() }) {
        self.book = book
        self.now = now
    }

    public func perform(_ job: SendNotification, _ context: JobContext) async throws -> Outcome {
        let category = try book.category(job.category)
        if let digest = job.digest { return try await collect(job, digest, context) }
        let offered = book.channels(with: job.template)
        guard !offered.isEmpty else {
            throw JobError.dead("bad_template", "no channel has a template of that name")
        }
        let user = job.userID
        let (profile, hasDevices) = try await context.read { session throws(StoreError) in
            (
                try session.profile(of: user) ?? NotificationProfile(userID: user),
                try !session.devices(of: user).isEmpty
            )
        }
        let zone = book.zones.rules(profile.zone)
        let plan = DeliveryPlan.of(
            category,
            to: profile,
            channels: job.channels ?? category.channels,
            hasDevices: hasDevices,
            offered: offered,
            zone: zone,
            usefulUntil: job.usefulUntil,
            now: now()
        )
        switch plan {
        case .wait(let end): return .snooze(until: end)
        case .drop(let reason): return try await drop(job, reason, context)
        case .go(let channel, let rest):
            if let cap = category.dailyCap, !category.isUrgent {
                let (id, name) = (context.id, category.name)
                let day = zone.civil(at: now().milliseconds / 1000).day.description
                let isFree = try await context.transaction(step: "cap") { session in
                    try session.takeCap("user:\(user)", name, cap: cap, day: day, for: id)
                }
                guard isFree else { return try await drop(job, "capped", context) }
            }
            try await hand(job, channel, rest, category, profile, context)
            return .done
        }
    }

    private func hand(
        _ job: SendNotification,
        _ channel: Channel,
        _ rest: [Channel],
        _ category: MessageCategory,
        _ profile: NotificationProfile,
        _ context: JobContext
    ) async throws {
        let options: [EnqueueOption] =
            [.id(.derived(from: "\(context.id) \(channel.rawValue)"))] + (category.isUrgent ? [.lane(.high)] : [])
        switch channel {
        case .push:
            let push = PushNotification(
                userID: job.userID,
                template: job.template,
                locale: profile.locale,
                variables: job.variables,
                url: job.url,
                usefulUntil: job.usefulUntil,
                urgent: category.isUrgent,
                fallback: rest,
                category: job.category
            )
            _ = try await context.enqueue(all: [(push, options)])[0].get()
        case .sms:
            let sms = SMSNotification(
                to: profile.phone ?? "",
                template: job.template,
                locale: profile.locale,
                variables: job.variables,
                userID: job.userID,
                usefulUntil: job.usefulUntil,
                promotional: !category.isUrgent
            )
            _ = try await context.enqueue(all: [(sms, options)])[0].get()
        case .email:
            let mail = EmailNotification(
                to: profile.email ?? "",
                template: job.template,
                locale: profile.locale,
                variables: job.variables,
                list: category.list
            )
            _ = try await context.enqueue(all: [(mail, options)])[0].get()
        }
    }

    /// Kept, so that "why did she get nothing" has an answer.
    private func drop(_ job: SendNotification, _ reason: String, _ context: JobContext) async throws -> Outcome {
        let id = context.id
        let record = MessageRecord(
            "user:\(job.userID)",
            .push,
            userID: job.userID,
            provider: "none",
            .refused,
            error: reason
        )
        try await context.transaction(step: "drop") { session in try session.keep([record], of: id) }
        context.logger.info("not sent", metadata: ["reason": "\(reason)"])
        return .done
    }

    private func collect(
        _ job: SendNotification,
        _ digest: SendNotification.Digest,
        _ context: JobContext
    ) async throws -> Outcome {
        guard MustacheSource.isName(digest.key), 1...3600 ~= digest.waitSeconds,
            digest.waitSeconds...86_400 ~= digest.maxSeconds
        else {
            throw JobError.dead(
                "bad_digest",
                "key is of a-z, 0-9 and _, wait_seconds 1…3600, max_seconds not below it and at most 86 400"
            )
        }
        let (id, user) = (context.id, job.userID)
        let variables = try DigestItem.encode(job.variables)
        try await context.transaction(step: "item") { session in
            try session.addDigestItem(id, user: user, digest.key, variables)
        }
        let summary = DigestNotification(
            userID: user,
            key: digest.key,
            template: job.template,
            category: job.category,
            channels: job.channels,
            url: job.url,
            usefulUntil: job.usefulUntil
        )
        try await context.enqueue(
            summary,
            .debounce("\(user):\(digest.key)", .seconds(digest.waitSeconds), max: .seconds(digest.maxSeconds))
        )
        return .done
    }
}
