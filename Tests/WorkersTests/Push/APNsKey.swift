import Crypto
import Foundation

/// A key of our own, as Apple would give one.
enum APNsKey {
    static func environment(url: String, caFile: String? = nil, connections: Int = 1) throws -> [String: String] {
        let path = NSTemporaryDirectory() + "apns-\(UUID().uuidString).p8"
        try P256.Signing.PrivateKey().pemRepresentation.write(toFile: path, atomically: true, encoding: .utf8)
        var environment = [
            "APNS_KEY_FILE": path, "APNS_KEY_ID": "ABC123DEFG", "APNS_TEAM_ID": "DEF123GHIJ",
            "APNS_TOPIC": "br.checkin.app", "APNS_URL": url, "APNS_CONNECTIONS": "\(connections)",
        ]
        if let caFile { environment["APNS_CA_FILE"] = caFile }
        return environment
    }
}
