import Foundation

/// The JSON for an Apple device.
struct APNsPayload: Encodable {
    private struct Alert: Encodable {
        let title: String?
        let body: String
    }

    private struct Message: Encodable {
        let alert: Alert
        let sound = "default"
        let badge: Int?
        let thread: String?

        enum CodingKeys: String, CodingKey {
            case alert, sound, badge
            case thread = "thread-id"
        }
    }

    /// Of a notification; more is answered with 413.
    static let maximumBytes = 4096

    private let aps: Message
    private let url: String?

    private init(_ content: PushContent) {
        aps = Message(
            alert: Alert(title: content.title.isEmpty ? nil : content.title, body: content.body),
            badge: content.badge,
            thread: content.thread
        )
        url = content.url
    }

    static func bytes(_ content: PushContent) -> [UInt8] { PushJSON.bytes(APNsPayload(content)) }
}

/// With `JSONSerialization` an eighth of what a push costs was the writing of this.
enum PushJSON {
    static func bytes(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { Array($0) } ?? []
    }
}
