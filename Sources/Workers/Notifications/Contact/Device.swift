import JobCore

/// One app on one device.
struct Device: Sendable, Equatable {
    enum Platform: String, Codable, Sendable, CaseIterable {
        /// Apple's push service.
        case apns
        /// Firebase.
        case fcm
    }

    let platform: Platform
    let token: String
    /// APNs topic, the app's bundle id; empty: the one of the settings.
    var app = ""
    var locale: String?
    var registeredAt: Timestamp

    init(
        _ platform: Platform,
        _ token: String,
        app: String = "",
        locale: String? = nil,
        registeredAt: Timestamp
    ) {
        self.platform = platform
        self.token = token
        self.app = app
        self.locale = locale
        self.registeredAt = registeredAt
    }

    /// Identifies it among a job's messages.
    var recipient: String { "\(platform.rawValue):\(token)" }

    /// APNs tokens are hexadecimal and of no fixed length; Firebase's are of letters, digits and `-_:`.
    static func isToken(_ text: String, of platform: Platform) -> Bool {
        guard 8...4096 ~= text.utf8.count else { return false }
        switch platform {
        case .apns:
            return text.utf8.count <= 200
                && text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x41...0x46 ~= $0 || 0x61...0x66 ~= $0 }
        case .fcm:
            return text.utf8.allSatisfy {
                0x30...0x3A ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 || $0 == 0x2D || $0 == 0x5F
            }
        }
    }
}
