public import JobCore

/// Makes one message of those that have come together. Enqueued by `notification.send`, debounced.
public struct DigestNotification: Job {
    public static let name: JobName = "notification.digest"

    public var userID: String
    public var key: String
    public var template: String
    public var category: String
    public var channels: [Channel]?
    public var url: String?
    public var usefulUntil: Timestamp?

    public init(
        userID: String,
        key: String,
        template: String,
        category: String,
        channels: [Channel]? = nil,
        url: String? = nil,
        usefulUntil: Timestamp? = nil
    ) {
        self.userID = userID
        self.key = key
        self.template = template
        self.category = category
        self.channels = channels
        self.url = url
        self.usefulUntil = usefulUntil
    }
}

/// The template gets the newest message's variables, `count`, and `others` (one less) where there are others.
public struct DigestNotificationWorker: Worker {
    public init() {}

    public func perform(_ job: DigestNotification, _ context: JobContext) async throws -> Outcome {
        let id = context.id
        let items = try await context.transaction(step: "take") { session in
            try session.takeDigest(job.userID, job.key, for: id)
        }
        guard let newest = items.first else { return .done }
        var variables = DigestItem.decode(newest)
        variables["count"] = .integer(Int64(items.count))
        variables["others"] = items.count > 1 ? .integer(Int64(items.count - 1)) : .text("")
        let summary = SendNotification(
            userID: job.userID,
            template: job.template,
            variables: variables,
            category: job.category,
            channels: job.channels,
            url: job.url,
            usefulUntil: job.usefulUntil
        )
        try await context.enqueue(summary, .id(.derived(from: "\(id) digest")))
        try await context.transaction(step: "end") { session in
            try session.endDigest(job.userID, job.key, of: id)
        }
        return .done
    }
}
