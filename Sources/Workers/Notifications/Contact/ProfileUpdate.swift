import Curl
public import JobCore

/// How a person wants to hear from CheckIn, whole: what is not in it is not wanted any more. The newest counts.
public struct ProfileUpdate: Job {
    public static let name: JobName = "notification.profile"

    public var userID: String
    /// Default `pt-BR`.
    public var locale: String
    /// An IANA name. Default `America/Sao_Paulo`.
    public var zone: String
    /// In E.164.
    public var phone: String?
    public var email: String?
    /// `22:00-08:00` in the person's zone.
    public var quietHours: String?
    /// Channels (`sms`), categories (`social`), or both (`email:social`).
    public var optOuts: [String]
    /// Categories that nobody gets unasked (`marketing`), or on one channel (`sms:marketing`).
    public var optIns: [String]

    public init(
        userID: String,
        locale: String = "pt-BR",
        zone: String = "America/Sao_Paulo",
        phone: String? = nil,
        email: String? = nil,
        quietHours: String? = nil,
        optOuts: [String] = [],
        optIns: [String] = []
    ) {
        self.userID = userID
        self.locale = locale
        self.zone = zone
        self.phone = phone
        self.email = email
        self.quietHours = quietHours
        self.optOuts = optOuts
        self.optIns = optIns
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            userID: try fields.decode(String.self, forKey: .userID),
            locale: try fields.decodeIfPresent(String.self, forKey: .locale) ?? "pt-BR",
            zone: try fields.decodeIfPresent(String.self, forKey: .zone) ?? "America/Sao_Paulo",
            phone: try fields.decodeIfPresent(String.self, forKey: .phone),
            email: try fields.decodeIfPresent(String.self, forKey: .email),
            quietHours: try fields.decodeIfPresent(String.self, forKey: .quietHours),
            optOuts: try fields.decodeIfPresent([String].self, forKey: .optOuts) ?? [],
            optIns: try fields.decodeIfPresent([String].self, forKey: .optIns) ?? []
        )
    }

    /// Says which field is wrong, never its value.
    func profile() throws(JobError) -> NotificationProfile {
        func wrong(_ reason: String) -> JobError { .dead("bad_profile", reason) }
        guard 1...100 ~= userID.utf8.count, !userID.utf8.contains(0) else { throw wrong("user_id has 1 to 100 bytes") }
        var profile = NotificationProfile(userID: userID)
        guard MessageTemplates.isLocale(locale) else { throw wrong("locale is none, such as pt-BR") }
        profile.locale = locale
        guard (try? ZoneFile.rules(zone)) != nil else { throw wrong("zone is no name such as America/Sao_Paulo") }
        profile.zone = zone
        if let phone {
            guard let number = PhoneNumber(phone) else { throw wrong("phone is no number in E.164") }
            profile.phone = number.text
        }
        if let email {
            guard let address = try? MailAddress(email) else { throw wrong("email is no address") }
            profile.email = address.text
        }
        if let quietHours, !quietHours.isEmpty {
            guard let quiet = QuietHours(quietHours) else { throw wrong("quiet_hours are none, such as 22:00-08:00") }
            profile.quiet = quiet
        }
        profile.optOuts = try ProfileUpdate.words(optOuts, "opt_outs")
        profile.optIns = try ProfileUpdate.words(optIns, "opt_ins")
        return profile
    }

    private static func words(_ texts: [String], _ field: String) throws(JobError) -> Set<String> {
        let isFine =
            texts.count <= 50
            && texts.allSatisfy { text in
                let parts = text.split(separator: ":", omittingEmptySubsequences: false)
                return parts.count <= 2 && parts.allSatisfy { MustacheSource.isName($0) }
                    && (parts.count == 1 || Channel(rawValue: String(parts[0])) != nil)
            }
        guard isFine else { throw .dead("bad_profile", "\(field) are of channels, categories or CHANNEL:CATEGORY") }
        return Set(texts)
    }
}

public struct ProfileUpdateWorker: Worker {
    public init() {}

    public func perform(_ job: ProfileUpdate, _ context: JobContext) async throws -> Outcome {
        let profile = try job.profile()
        try await context.transaction { session in
            try session.keep([profile], changedAt: context.enqueuedAt)
        }
        return .done
    }
}
