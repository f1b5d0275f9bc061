public import JobCore

/// One message to everybody of a segment, a slice after the other.
public struct BroadcastNotification: Job {
    public static let name: JobName = "notification.broadcast"

    /// Names it for ever: a second job of the same name sends nothing. `[a-z0-9_-]`, at most 64.
    public var broadcast: String
    /// `all`, or one that `jobctl notification segment load` has made. Default `all`.
    public var segment: String
    public var template: String
    public var variables: [String: TemplateValue]
    /// Default `marketing`.
    public var category: String
    /// Ways to a person, the first that leads there is taken; without fallback. Default the category's.
    public var channels: [Channel]?
    /// People a second at most: 1…5000, default 500.
    public var ratePerSecond: Int
    public var url: String?
    public var usefulUntil: Timestamp?

    public init(
        broadcast: String,
        segment: String = "all",
        template: String,
        variables: [String: TemplateValue] = [:],
        category: String = "marketing",
        channels: [Channel]? = nil,
        ratePerSecond: Int = 500,
        url: String? = nil,
        usefulUntil: Timestamp? = nil
    ) {
        self.broadcast = broadcast
        self.segment = segment
        self.template = template
        self.variables = variables
        self.category = category
        self.channels = channels
        self.ratePerSecond = ratePerSecond
        self.url = url
        self.usefulUntil = usefulUntil
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            broadcast: try fields.decode(String.self, forKey: .broadcast),
            segment: try fields.decodeIfPresent(String.self, forKey: .segment) ?? "all",
            template: try fields.decode(String.self, forKey: .template),
            variables: try fields.decodeIfPresent([String: TemplateValue].self, forKey: .variables) ?? [:],
            category: try fields.decodeIfPresent(String.self, forKey: .category) ?? "marketing",
            channels: try fields.decodeIfPresent([Channel].self, forKey: .channels),
            ratePerSecond: try fields.decodeIfPresent(Int.self, forKey: .ratePerSecond) ?? 500,
            url: try fields.decodeIfPresent(String.self, forKey: .url),
            usefulUntil: try fields.decodeIfPresent(Timestamp.self, forKey: .usefulUntil)
        )
    }
}
