public import JobCore

/// One mail to one person, rendered from a template.
public struct EmailNotification: Job {
    public static let name: JobName = "notification.email"

    /// An address, ASCII, without display name.
    public var to: String
    /// A template of `jobs/templates/email`: `[a-z0-9_]+`.
    public var template: String
    /// Such as `pt-BR`; the nearest that exists is taken. Default `pt-BR`.
    public var locale: String
    public var variables: [String: TemplateValue]
    public var replyTo: String?
    /// What the mail belongs to (`social`, `news`), for readers who unsubscribe from that: `[a-z0-9_]+`. Nil for mails that a
    /// person has asked for: a receipt, a login code.
    public var list: String?

    public init(
        to: String,
        template: String,
        locale: String = "pt-BR",
        variables: [String: TemplateValue] = [:],
        replyTo: String? = nil,
        list: String? = nil
    ) {
        self.to = to
        self.template = template
        self.locale = locale
        self.variables = variables
        self.replyTo = replyTo
        self.list = list
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            to: try fields.decode(String.self, forKey: .to),
            template: try fields.decode(String.self, forKey: .template),
            locale: try fields.decodeIfPresent(String.self, forKey: .locale) ?? "pt-BR",
            variables: try fields.decodeIfPresent([String: TemplateValue].self, forKey: .variables) ?? [:],
            replyTo: try fields.decodeIfPresent(String.self, forKey: .replyTo),
            list: try fields.decodeIfPresent(String.self, forKey: .list)
        )
    }
}
