public import JobCore

/// An app has got a token from its push service, or a person has logged out of it.
public struct DeviceUpdate: Job {
    public static let name: JobName = "notification.device"

    public enum Action: String, Codable, Sendable {
        case register, remove
    }

    public var userID: String
    /// `apns` or `fcm`.
    public var platform: Platform
    public var token: String
    /// The app's bundle id, where it is not the one of the settings.
    public var app: String
    public var locale: String?
    public var action: Action

    public enum Platform: String, Codable, Sendable {
        case apns, fcm
    }

    public init(
        userID: String,
        platform: Platform,
        token: String,
        app: String = "",
        locale: String? = nil,
        action: Action = .register
    ) {
        self.userID = userID
        self.platform = platform
        self.token = token
        self.app = app
        self.locale = locale
        self.action = action
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            userID: try fields.decode(String.self, forKey: .userID),
            platform: try fields.decode(Platform.self, forKey: .platform),
            token: try fields.decode(String.self, forKey: .token),
            app: try fields.decodeIfPresent(String.self, forKey: .app) ?? "",
            locale: try fields.decodeIfPresent(String.self, forKey: .locale),
            action: try fields.decodeIfPresent(Action.self, forKey: .action) ?? .register
        )
    }

    /// The device as it is kept; the job's birth is the registration's instant.
    func device(at instant: Timestamp) throws(JobError) -> Device {
        let platform: Device.Platform = platform == .apns ? .apns : .fcm
        guard Device.isToken(token, of: platform) else {
            throw .dead("bad_device", "token is none of \(platform.rawValue)")
        }
        guard app.isEmpty || APNsSettings.isTopic(app) else { throw .dead("bad_device", "app is no bundle id") }
        guard locale.map(MessageTemplates.isLocale) ?? true else { throw .dead("bad_device", "locale is none") }
        guard 1...100 ~= userID.utf8.count, !userID.utf8.contains(0) else {
            throw .dead("bad_device", "user_id has 1 to 100 bytes")
        }
        return Device(platform, token, app: app, locale: locale, registeredAt: instant)
    }
}

public struct DeviceUpdateWorker: Worker {
    public init() {}

    public func perform(_ job: DeviceUpdate, _ context: JobContext) async throws -> Outcome {
        let device = try job.device(at: context.enqueuedAt)
        try await context.transaction { session in
            switch job.action {
            case .register: try session.register([(job.userID, device)])
            case .remove: try session.forget([(device, context.enqueuedAt)])
            }
        }
        return .done
    }
}
