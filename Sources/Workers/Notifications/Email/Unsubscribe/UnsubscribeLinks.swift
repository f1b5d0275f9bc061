import Curl

/// | variable | meaning |
/// |---|---|
/// | `JOBS_UNSUBSCRIBE_URL` | `/hooks/unsubscribe` of `jobctl serve` as the world sees it, https |
/// | `JOBS_UNSUBSCRIBE_KEY_FILE` | 32 bytes in base64 |
struct UnsubscribeLinks: Sendable {
    let token: UnsubscribeToken
    private let url: String

    init?(_ environment: [String: String]) throws(SettingsReader.Mistake) {
        let reader = SettingsReader(environment)
        guard let path = reader.text("JOBS_UNSUBSCRIBE_KEY_FILE") else { return nil }
        guard let token = UnsubscribeToken(key: try reader.file("JOBS_UNSUBSCRIBE_KEY_FILE", at: path)) else {
            throw SettingsReader.Mistake(variable: "JOBS_UNSUBSCRIBE_KEY_FILE", reason: "holds 32 bytes in base64")
        }
        self.token = token
        let url = try reader.needed("JOBS_UNSUBSCRIBE_URL", with: "JOBS_UNSUBSCRIBE_KEY_FILE")
        guard MessageTemplates.isWebAddress(url), url.utf8.count <= 300 else {
            throw SettingsReader.Mistake(variable: "JOBS_UNSUBSCRIBE_URL", reason: "is an https address")
        }
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    func link(address: String, list: String) -> String? {
        token.text(address: address, list: list).map { "\(url)/\($0)" }
    }
}
