import Curl

/// | variable | meaning |
/// |---|---|
/// | `APNS_KEY_FILE` | the .p8 file of the key; unset: pushes to Apple devices are captured |
/// | `APNS_KEY_ID`, `APNS_TEAM_ID` | ten characters each |
/// | `APNS_TOPIC` | the app's bundle id, for devices registered without one |
/// | `APNS_ENVIRONMENT` | `production` (default) or `sandbox` |
/// | `APNS_CONNECTIONS` | at once per process, 1…16, default 2 |
/// | `APNS_URL`, `APNS_CA_FILE` | another server, with authorities to trust: for tests |
struct APNsSettings: Sendable, CustomStringConvertible {
    let keyPEM: String
    let keyID: String
    let teamID: String
    let topic: String
    let url: String
    let caFile: String?
    let connections: Int

    init?(_ environment: [String: String]) throws(SettingsReader.Mistake) {
        let reader = SettingsReader(environment)
        guard let path = reader.text("APNS_KEY_FILE") else { return nil }
        keyPEM = try reader.file("APNS_KEY_FILE", at: path)
        keyID = try Self.identifier("APNS_KEY_ID", reader)
        teamID = try Self.identifier("APNS_TEAM_ID", reader)
        topic = try reader.needed("APNS_TOPIC", with: "APNS_KEY_FILE")
        guard Self.isTopic(topic) else {
            throw SettingsReader.Mistake(variable: "APNS_TOPIC", reason: "is a bundle id")
        }
        let host: String
        switch reader.text("APNS_ENVIRONMENT") ?? "production" {
        case "production": host = "https://api.push.apple.com"
        case "sandbox": host = "https://api.sandbox.push.apple.com"
        default:
            throw SettingsReader.Mistake(variable: "APNS_ENVIRONMENT", reason: "is production or sandbox")
        }
        url = try reader.address("APNS_URL", else: host)
        caFile = reader.text("APNS_CA_FILE")
        connections = try reader.integer("APNS_CONNECTIONS", in: 1...16, else: 2)
    }

    var description: String { "\(url), topic \(topic)" }

    static func isTopic(_ text: String) -> Bool {
        1...255 ~= text.utf8.count
            && text.utf8.allSatisfy {
                0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 || $0 == 0x2D || $0 == 0x2E
            }
    }

    private static func identifier(_ name: String, _ reader: SettingsReader) throws(SettingsReader.Mistake) -> String {
        let text = try reader.needed(name, with: "APNS_KEY_FILE")
        guard text.utf8.count == 10, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 }) else {
            throw SettingsReader.Mistake(variable: name, reason: "is ten characters of A-Z and 0-9")
        }
        return text
    }
}
