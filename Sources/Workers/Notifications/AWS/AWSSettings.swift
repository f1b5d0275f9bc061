import Curl
import JobCore

/// | variable | meaning |
/// |---|---|
/// | `AWS_REGION` | such as `sa-east-1` |
/// | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` or `AWS_SECRET_ACCESS_KEY_FILE` | who signs |
/// | `AWS_SESSION_TOKEN` | of temporary credentials |
struct AWSSettings: Sendable {
    let region: String
    let credentials: AWSSignature.Credentials

    /// - Parameter purpose: the variable that asks for AWS.
    init(_ reader: SettingsReader, for purpose: String) throws(SettingsReader.Mistake) {
        region = try reader.needed("AWS_REGION", with: purpose)
        guard region.utf8.allSatisfy({ 0x61...0x7A ~= $0 || 0x30...0x39 ~= $0 || $0 == 0x2D }) else {
            throw SettingsReader.Mistake(variable: "AWS_REGION", reason: "is a region such as sa-east-1")
        }
        guard let secret = try reader.secret("AWS_SECRET_ACCESS_KEY") else {
            throw SettingsReader.Mistake(variable: "AWS_SECRET_ACCESS_KEY", reason: "is needed with \(purpose)")
        }
        credentials = AWSSignature.Credentials(
            accessKeyID: try reader.needed("AWS_ACCESS_KEY_ID", with: purpose),
            secret: secret,
            sessionToken: reader.text("AWS_SESSION_TOKEN")
        )
    }
}

/// Signs and sends requests to one service of AWS.
struct AWSClient: Sendable {
    private let url: String
    private let host: String
    private let signature: AWSSignature
    private let client: HTTPClient

    init(_ settings: AWSSettings, url: String, service: String) {
        self.url = url
        host = String(url.drop { $0 != ":" }.dropFirst(3).prefix { $0 != "/" })
        signature = AWSSignature(settings.credentials, region: settings.region, service: service)
        var configuration = HTTPClient.Configuration(addresses: .loopbackAllowed)
        configuration.name = "aws-\(service)"
        client = HTTPClient(configuration)
    }

    func post(_ path: String, type: String, _ body: [UInt8]) async throws(HTTPError) -> HTTPResponse {
        let own: [(name: String, value: String)] = [("host", host), ("content-type", type)]
        let added = signature.headers(of: .init("POST", path: path, headers: own, body: body), at: .now())
        var headers: HTTPHeaders = ["content-type": type]
        for (name, value) in added { headers.add(name, value) }
        return try await client.send(
            HTTPRequest("POST", url + path, headers: headers, body: body, timeout: .seconds(20))
        )
    }
}
