import JobCore

/// Apple's answers, as "Handling notification responses from APNs" has them; table and sources in docs/families/push.md.
enum APNsAnswer {
    /// Apple: payloads answered with 5XX may be tried again after 15 minutes.
    static let serverErrorDelay: Duration = .seconds(900)
    /// Too many for one device: Apple gives no figure.
    static let deviceDelay: Duration = .seconds(60)
    /// A token younger than this may not be replaced: a refusal of it as expired has another cause.
    static let youngestRefresh: Duration = .seconds(20 * 60)

    /// - Parameters:
    ///   - timestamp: of a 410, when the token was known to be invalid.
    ///   - tokenAge: of our own authentication token.
    static func verdict(
        status: Int,
        reason: String?,
        apnsID: String?,
        timestamp: Timestamp?,
        tokenAge: Duration
    ) -> PushVerdict {
        if status == 200 { return .sent(apnsID ?? "") }
        let known = reason.flatMap(Reason.init(rawValue:))
        let text = "\(status) \(known?.rawValue ?? "without a known reason")"
        switch known?.meaning ?? meaning(of: status) {
        case .gone: return .gone(since: timestamp)
        case .message: return .refused(label: label(known, status), "APNs said \(text)")
        case .device: return .refused(label: label(known, status), "APNs said \(text) of this device's token")
        case .server:
            return .later(after: serverErrorDelay, label: "apns_unavailable", "APNs said \(text)")
        case .connection: return .later(after: nil, label: "apns_interrupted", "APNs said \(text)")
        case .deviceRate: return .later(after: deviceDelay, label: "apns_too_many_requests", "APNs said \(text)")
        case .expiredToken where tokenAge >= youngestRefresh:
            return .later(after: .seconds(1), label: "apns_interrupted", "APNs said \(text): a new token is made")
        case .expiredToken: return .down(label: label(known, status), "\(text): check this machine's clock")
        case .credentials(let variable): return .down(label: label(known, status), "\(text): check \(variable)")
        case .tokenRate:
            return .down(label: label(known, status), "\(text): too many processes make tokens of one team")
        }
    }

    private static func label(_ reason: Reason?, _ status: Int) -> String {
        guard let reason else { return "apns_status_\(status / 100)xx" }
        // UnrelatedKeyIdInToken becomes unrelated_key_id_in_token.
        return reason.rawValue.reduce(into: "apns") { label, character in
            if character.isUppercase { label += "_" }
            label += character.lowercased()
        }
    }

    private static func meaning(of status: Int) -> Meaning {
        switch status {
        case 410: .gone
        case 403: .credentials("APNS_KEY_ID, APNS_TEAM_ID and APNS_KEY_FILE")
        case 429: .deviceRate
        case 500...599: .server
        default: .message
        }
    }

    fileprivate enum Meaning {
        /// Something about this message, by our own mistake.
        case message
        case device
        case gone
        case server
        case connection
        case deviceRate
        case tokenRate
        case expiredToken
        case credentials(String)
    }

    enum Reason: String, CaseIterable, Sendable {
        // 400
        case badCollapseID = "BadCollapseId"
        case badDeviceToken = "BadDeviceToken"
        case badExpirationDate = "BadExpirationDate"
        case badMessageID = "BadMessageId"
        case badPriority = "BadPriority"
        case badTopic = "BadTopic"
        case deviceTokenNotForTopic = "DeviceTokenNotForTopic"
        case duplicateHeaders = "DuplicateHeaders"
        case idleTimeout = "IdleTimeout"
        case invalidPushType = "InvalidPushType"
        case missingDeviceToken = "MissingDeviceToken"
        case missingTopic = "MissingTopic"
        case payloadEmpty = "PayloadEmpty"
        case topicDisallowed = "TopicDisallowed"
        // 403
        case badCertificate = "BadCertificate"
        case badCertificateEnvironment = "BadCertificateEnvironment"
        case expiredProviderToken = "ExpiredProviderToken"
        case forbidden = "Forbidden"
        case invalidProviderToken = "InvalidProviderToken"
        case missingProviderToken = "MissingProviderToken"
        case unrelatedKeyIDInToken = "UnrelatedKeyIdInToken"
        case badEnvironmentKeyIDInToken = "BadEnvironmentKeyIdInToken"
        // 404, 405
        case badPath = "BadPath"
        case methodNotAllowed = "MethodNotAllowed"
        // 410
        case expiredToken = "ExpiredToken"
        case unregistered = "Unregistered"
        // 413, 429
        case payloadTooLarge = "PayloadTooLarge"
        case tooManyProviderTokenUpdates = "TooManyProviderTokenUpdates"
        case tooManyRequests = "TooManyRequests"
        // 500, 503
        case internalServerError = "InternalServerError"
        case serviceUnavailable = "ServiceUnavailable"
        case shutdown = "Shutdown"

        fileprivate var meaning: Meaning {
            switch self {
            case .badCollapseID, .badExpirationDate, .badMessageID, .badPriority, .duplicateHeaders, .invalidPushType,
                .missingDeviceToken, .payloadEmpty, .payloadTooLarge, .badPath, .methodNotAllowed:
                .message
            // A token of the other environment or of another app looks alike, and then all of them would: none is removed.
            case .badDeviceToken, .deviceTokenNotForTopic: .device
            case .badTopic, .missingTopic, .topicDisallowed: .credentials("APNS_TOPIC")
            case .idleTimeout: .connection
            case .badCertificate, .badCertificateEnvironment: .credentials("APNS_KEY_FILE and APNS_ENVIRONMENT")
            case .expiredProviderToken: .expiredToken
            case .forbidden, .invalidProviderToken, .missingProviderToken, .unrelatedKeyIDInToken:
                .credentials("APNS_KEY_ID, APNS_TEAM_ID and APNS_KEY_FILE")
            case .badEnvironmentKeyIDInToken: .credentials("APNS_ENVIRONMENT")
            case .expiredToken, .unregistered: .gone
            case .tooManyProviderTokenUpdates: .tokenRate
            case .tooManyRequests: .deviceRate
            case .internalServerError, .serviceUnavailable, .shutdown: .server
            }
        }
    }
}
