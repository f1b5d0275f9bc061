import JobCore

/// The JSON of `messages:send`.
struct FCMMessage: Encodable {
    private struct Notification: Encodable {
        let title: String?
        let body: String
    }

    private struct Android: Encodable {
        struct Shown: Encodable {
            /// Replaces what is on the screen; a collapse key would as well, but a device keeps four of them at most.
            let tag: String
            let notificationCount: Int?
        }

        let priority: String
        let notification: Shown
        let ttl: String?
    }

    private struct Message: Encodable {
        let token: String
        let notification: Notification
        let android: Android
        let data: [String: String]?
    }

    /// Firebase's limit of a message to a token.
    static let maximumBytes = 4096
    /// Android's longest time to live: four weeks.
    private static let longestLife: Duration = .seconds(28 * 86_400)

    private let message: Message

    private init(_ content: PushContent, token: String, now: Timestamp) {
        var data: [String: String] = [:]
        if let url = content.url { data["url"] = url }
        if let thread = content.thread { data["thread"] = thread }
        let life = content.expiresAt.map { expiry in
            "\(min(max(expiry.duration(since: now), .zero), Self.longestLife).components.seconds)s"
        }
        message = Message(
            token: token,
            notification: Notification(title: content.title.isEmpty ? nil : content.title, body: content.body),
            android: Android(
                priority: content.isUrgent ? "HIGH" : "NORMAL",
                notification: Android.Shown(tag: content.collapseID, notificationCount: content.badge),
                ttl: life
            ),
            data: data.isEmpty ? nil : data
        )
    }

    /// - Parameter now: what is left of the message's life is counted from here.
    static func bytes(_ content: PushContent, token: String, now: Timestamp) -> [UInt8] {
        PushJSON.bytes(FCMMessage(content, token: token, now: now))
    }
}
