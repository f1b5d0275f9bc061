public import JobCore

/// One text message to one number.
public struct SMSNotification: Job {
    public static let name: JobName = "notification.sms"

    /// In E.164: `+5531999990000`.
    public var to: String
    /// A template of `jobs/templates/sms`: `[a-z0-9_]+`.
    public var template: String
    /// Such as `pt-BR`; the nearest that exists is taken. Default `pt-BR`.
    public var locale: String
    public var variables: [String: TemplateValue]
    /// Whose it is, if anybody's: for `privacy erase` and the list of messages.
    public var userID: String?
    /// Not worth reading after this (RFC 3339).
    public var usefulUntil: Timestamp?
    /// Advertising, which carriers treat apart. Default false.
    public var promotional: Bool

    public init(
        to: String,
        template: String,
        locale: String = "pt-BR",
        variables: [String: TemplateValue] = [:],
        userID: String? = nil,
        usefulUntil: Timestamp? = nil,
        promotional: Bool = false
    ) {
        self.to = to
        self.template = template
        self.locale = locale
        self.variables = variables
        self.userID = userID
        self.usefulUntil = usefulUntil
        self.promotional = promotional
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            to: try fields.decode(String.self, forKey: .to),
            template: try fields.decode(String.self, forKey: .template),
            locale: try fields.decodeIfPresent(String.self, forKey: .locale) ?? "pt-BR",
            variables: try fields.decodeIfPresent([String: TemplateValue].self, forKey: .variables) ?? [:],
            userID: try fields.decodeIfPresent(String.self, forKey: .userID),
            usefulUntil: try fields.decodeIfPresent(Timestamp.self, forKey: .usefulUntil),
            promotional: try fields.decodeIfPresent(Bool.self, forKey: .promotional) ?? false
        )
    }
}
