import Curl
import JobCore

/// How pushes leave this process: a provider for each platform that has credentials; the others are captured.
struct PushOutbound: Sendable, CustomStringConvertible {
    let providers: [Device.Platform: any PushProvider]

    init(providers: [Device.Platform: any PushProvider]) { self.providers = providers }

    init(_ environment: [String: String]) throws(SettingsReader.Mistake) {
        var providers: [Device.Platform: any PushProvider] = [:]
        if let settings = try APNsSettings(environment) { providers[.apns] = try APNsProvider(settings) }
        if let account = try FCMAccount(environment) { providers[.fcm] = try FCMProvider(account) }
        self.providers = providers
    }

    var description: String {
        Device.Platform.allCases.map { "\($0.rawValue): \(providers[$0] == nil ? "captured" : "sent")" }
            .joined(separator: ", ")
    }

    /// What a captured push would have been.
    static func captured(_ content: PushContent, _ device: Device, now: Timestamp) -> [UInt8] {
        switch device.platform {
        case .apns: APNsPayload.bytes(content)
        case .fcm: FCMMessage.bytes(content, token: device.token, now: now)
        }
    }
}
