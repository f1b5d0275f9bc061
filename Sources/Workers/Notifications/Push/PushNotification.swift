public import JobCore

/// One message to all devices of a person.
public struct PushNotification: Job {
    public static let name: JobName = "notification.push"

    /// Whose devices: as they were registered.
    public var userID: String
    /// A template of `jobs/templates/push`: `[a-z0-9_]+`.
    public var template: String
    /// Such as `pt-BR`; a device's own locale goes before it. Default `pt-BR`.
    public var locale: String
    public var variables: [String: TemplateValue]
    /// An https address that a tap opens.
    public var url: String?
    /// On the app's icon.
    public var badge: Int?
    /// A later push with the same one takes this one's place on the device: at most 64 bytes. Default the job's id.
    public var collapseID: String?
    /// Groups messages on the device: at most 64 bytes.
    public var thread: String?
    /// Not worth showing after this (RFC 3339). Devices that are off until then never show it.
    public var usefulUntil: Timestamp?
    /// Default true; false waits for the device's convenience.
    public var urgent: Bool
    /// Channels to try in this order when no device can be reached.
    public var fallback: [Channel]
    /// As `notification.send` has it; the fallback keeps it.
    public var category: String
    /// Rather not at all than twice: a device whose answer was lost is not tried again. Broadcasts are so.
    public var once: Bool

    public init(
        userID: String,
        template: String,
        locale: String = "pt-BR",
        variables: [String: TemplateValue] = [:],
        url: String? = nil,
        badge: Int? = nil,
        collapseID: String? = nil,
        thread: String? = nil,
        usefulUntil: Timestamp? = nil,
        urgent: Bool = true,
        fallback: [Channel] = [],
        category: String = "transactional",
        once: Bool = false
    ) {
        self.userID = userID
        self.template = template
        self.locale = locale
        self.variables = variables
        self.url = url
        self.badge = badge
        self.collapseID = collapseID
        self.thread = thread
        self.usefulUntil = usefulUntil
        self.urgent = urgent
        self.fallback = fallback
        self.category = category
        self.once = once
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            userID: try fields.decode(String.self, forKey: .userID),
            template: try fields.decode(String.self, forKey: .template),
            locale: try fields.decodeIfPresent(String.self, forKey: .locale) ?? "pt-BR",
            variables: try fields.decodeIfPresent([String: TemplateValue].self, forKey: .variables) ?? [:],
            url: try fields.decodeIfPresent(String.self, forKey: .url),
            badge: try fields.decodeIfPresent(Int.self, forKey: .badge),
            collapseID: try fields.decodeIfPresent(String.self, forKey: .collapseID),
            thread: try fields.decodeIfPresent(String.self, forKey: .thread),
            usefulUntil: try fields.decodeIfPresent(Timestamp.self, forKey: .usefulUntil),
            urgent: try fields.decodeIfPresent(Bool.self, forKey: .urgent) ?? true,
            fallback: try fields.decodeIfPresent([Channel].self, forKey: .fallback) ?? [],
            category: try fields.decodeIfPresent(String.self, forKey: .category) ?? "transactional",
            once: try fields.decodeIfPresent(Bool.self, forKey: .once) ?? false
        )
    }
}
