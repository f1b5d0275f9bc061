import Foundation

/// The JSON for an Apple device.
enum APNsPayload {
    /// Of a notification; more is answered with 413.
    static let maximumBytes = 4096

    static func bytes(_ content: PushContent) -> [UInt8] {
        var alert: [String: Any] = ["body": content.body]
        if !content.title.isEmpty { alert["title"] = content.title }
        var aps: [String: Any] = ["alert": alert, "sound": "default"]
        if let badge = content.badge { aps["badge"] = badge }
        if let thread = content.thread { aps["thread-id"] = thread }
        var payload: [String: Any] = ["aps": aps]
        if let url = content.url { payload["url"] = url }
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        return (try? JSONSerialization.data(withJSONObject: payload, options: options)).map { Array($0) } ?? []
    }
}
