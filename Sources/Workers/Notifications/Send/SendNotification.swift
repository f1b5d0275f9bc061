public import JobCore

/// One message to one person, by the way and at the time that suits them.
public struct SendNotification: Job {
    public static let name: JobName = "notification.send"

    /// Several messages that come close together become one.
    public struct Digest: Codable, Sendable, Equatable {
        /// What belongs together, for this person: `friends_nearby`.
        public var key: String
        /// Sent when nothing more has come for so long: 1…3600, default 60.
        public var waitSeconds: Int
        /// And in any case so long after the first: default 600.
        public var maxSeconds: Int

        public init(key: String, waitSeconds: Int = 60, maxSeconds: Int = 600) {
            self.key = key
            self.waitSeconds = waitSeconds
            self.maxSeconds = maxSeconds
        }

        public init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            self.init(
                key: try fields.decode(String.self, forKey: .key),
                waitSeconds: try fields.decodeIfPresent(Int.self, forKey: .waitSeconds) ?? 60,
                maxSeconds: try fields.decodeIfPresent(Int.self, forKey: .maxSeconds) ?? 600
            )
        }
    }

    public var userID: String
    /// The same name in `jobs/templates/push`, `sms` and `email`; channels without one are passed over.
    public var template: String
    public var variables: [String: TemplateValue]
    /// Of `jobs/preferences/categories.yaml`. Default `transactional`.
    public var category: String
    /// Instead of the category's own order.
    public var channels: [Channel]?
    /// An https address that a tap on a push opens.
    public var url: String?
    /// Not worth sending after this (RFC 3339): dropped then, also at the end of quiet hours.
    public var usefulUntil: Timestamp?
    public var digest: Digest?

    public init(
        userID: String,
        template: String,
        variables: [String: TemplateValue] = [:],
        category: String = "transactional",
        channels: [Channel]? = nil,
        url: String? = nil,
        usefulUntil: Timestamp? = nil,
        digest: Digest? = nil
    ) {
        self.userID = userID
        self.template = template
        self.variables = variables
        self.category = category
        self.channels = channels
        self.url = url
        self.usefulUntil = usefulUntil
        self.digest = digest
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            userID: try fields.decode(String.self, forKey: .userID),
            template: try fields.decode(String.self, forKey: .template),
            variables: try fields.decodeIfPresent([String: TemplateValue].self, forKey: .variables) ?? [:],
            category: try fields.decodeIfPresent(String.self, forKey: .category) ?? "transactional",
            channels: try fields.decodeIfPresent([Channel].self, forKey: .channels),
            url: try fields.decodeIfPresent(String.self, forKey: .url),
            usefulUntil: try fields.decodeIfPresent(Timestamp.self, forKey: .usefulUntil),
            digest: try fields.decodeIfPresent(Digest.self, forKey: .digest)
        )
    }
}
