import Foundation
import JobCore

/// The JSON of `messages:send`.
enum FCMMessage {
    /// Firebase's limit of a message to a token.
    static let maximumBytes = 4096
    /// Android's longest time to live: four weeks.
    private static let longestLife: Duration = .seconds(28 * 86_400)

    /// - Parameter now: what is left of the message's life is counted from here.
    static func bytes(_ content: PushContent, token: String, now: Timestamp) -> [UInt8] {
        var notification: [String: Any] = ["body": content.body]
        if !content.title.isEmpty { notification["title"] = content.title }
        // A tag replaces what is on the screen; collapse keys would: a device keeps four of them at most.
        var shown: [String: Any] = ["tag": content.collapseID]
        if let badge = content.badge { shown["notificationCount"] = badge }
        var android: [String: Any] = ["priority": content.isUrgent ? "HIGH" : "NORMAL", "notification": shown]
        if let expiry = content.expiresAt {
            let left = min(max(expiry.duration(since: now), .zero), longestLife)
            android["ttl"] = "\(left.components.seconds)s"
        }
        var message: [String: Any] = ["token": token, "notification": notification, "android": android]
        var data: [String: Any] = [:]
        if let url = content.url { data["url"] = url }
        if let thread = content.thread { data["thread"] = thread }
        if !data.isEmpty { message["data"] = data }
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = try? JSONSerialization.data(withJSONObject: ["message": message], options: options)
        return bytes.map { Array($0) } ?? []
    }
}
