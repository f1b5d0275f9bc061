import Curl
import Foundation

/// | variable | meaning |
/// |---|---|
/// | `FCM_SERVICE_ACCOUNT_FILE` | the JSON file of a service account; unset: pushes to Android are captured |
/// | `FCM_URL`, `FCM_CA_FILE` | another server, with authorities to trust: for tests |
struct FCMAccount: Sendable, CustomStringConvertible {
    let email: String
    let keyPEM: String
    let project: String
    let tokenURL: String
    let url: String
    let caFile: String?

    private struct File: Decodable {
        let clientEmail: String
        let privateKey: String
        let projectId: String
        let tokenUri: String?
    }

    init?(_ environment: [String: String]) throws(SettingsReader.Mistake) {
        let reader = SettingsReader(environment)
        guard let path = reader.text("FCM_SERVICE_ACCOUNT_FILE") else { return nil }
        let text = try reader.file("FCM_SERVICE_ACCOUNT_FILE", at: path)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let file = try? decoder.decode(File.self, from: Data(text.utf8)),
            !file.projectId.isEmpty,
            file.projectId.utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x7A ~= $0 || $0 == 0x2D })
        else {
            throw SettingsReader.Mistake(
                variable: "FCM_SERVICE_ACCOUNT_FILE",
                reason: "names no service account (client_email, private_key, project_id)"
            )
        }
        email = file.clientEmail
        keyPEM = file.privateKey
        project = file.projectId
        let tokens = SettingsReader(["token_uri": file.tokenUri ?? ""])
        tokenURL = try tokens.address("token_uri", else: "https://oauth2.googleapis.com/token")
        url = try reader.address("FCM_URL", else: "https://fcm.googleapis.com")
        caFile = reader.text("FCM_CA_FILE")
    }

    var description: String { "\(url), project \(project)" }
}
