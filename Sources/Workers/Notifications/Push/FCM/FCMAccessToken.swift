import Curl
import Foundation
import JWTKit

/// Google's access token of a service account: asked for once, kept until shortly before its end, by all requests of the
/// process.
actor FCMAccessToken {
    enum Failure: Error, Equatable {
        /// Google refuses the account.
        case refused(status: Int)
        case unreachable(HTTPError)
        /// 5xx and the like.
        case unavailable(status: Int)
        case key
    }

    private struct Claims: JWTPayload {
        let iss: String
        let scope: String
        let aud: String
        let iat: Int
        let exp: Int

        func verify(using _: some JWTAlgorithm) {}
    }

    private struct Answer: Decodable {
        let accessToken: String
        let expiresIn: Int?
    }

    private static let scope = "https://www.googleapis.com/auth/firebase.messaging"
    /// Before its end a new one is asked for.
    private static let margin: Duration = .seconds(300)

    private let account: FCMAccount
    private let client: HTTPClient
    private let key: Insecure.RSA.PrivateKey
    private var current: (text: String, until: ContinuousClock.Instant)?
    private var asking: Task<Result<(String, Duration), Failure>, Never>?

    init(_ account: FCMAccount, _ client: HTTPClient) throws {
        self.account = account
        self.client = client
        key = try Insecure.RSA.PrivateKey(pem: account.keyPEM)
    }

    func token() async throws(Failure) -> String {
        if let current, current.until > .now { return current.text }
        let task: Task<Result<(String, Duration), Failure>, Never>
        if let asking {
            task = asking
        } else {
            let (account, client, key) = (account, client, key)
            task = Task {
                do throws(Failure) {
                    return .success(try await Self.ask(account, client, key))
                } catch {
                    return .failure(error)
                }
            }
            asking = task
        }
        let result = await task.value
        if asking == task { asking = nil }
        let (text, lifetime) = try result.get()
        current = (text, .now.advanced(by: max(.zero, lifetime - Self.margin)))
        return text
    }

    /// Google refuses it.
    func forget(_ token: String) {
        if current?.text == token { current = nil }
    }

    private static func ask(
        _ account: FCMAccount,
        _ client: HTTPClient,
        _ key: Insecure.RSA.PrivateKey
    ) async throws(Failure) -> (String, Duration) {
        let now = Int(Date().timeIntervalSince1970)
        let keys = JWTKeyCollection()
        await keys.add(rsa: key, digestAlgorithm: .sha256)
        let claims = Claims(iss: account.email, scope: scope, aud: account.tokenURL, iat: now, exp: now + 3600)
        guard let assertion = try? await keys.sign(claims) else { throw .key }
        let form = FormEncoding.text([
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion),
        ])
        let response: HTTPResponse
        do {
            response = try await client.send(
                HTTPRequest(
                    "POST",
                    account.tokenURL,
                    headers: ["content-type": "application/x-www-form-urlencoded"],
                    body: Array(form.utf8),
                    timeout: .seconds(15),
                    maxResponseBytes: 65_536
                )
            )
        } catch {
            throw .unreachable(error)
        }
        switch response.status {
        case 200:
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            guard let answer = try? decoder.decode(Answer.self, from: Data(response.body)) else {
                throw .unavailable(status: 200)
            }
            return (answer.accessToken, .seconds(min(max(answer.expiresIn ?? 3600, 0), 3600)))
        case 400..<500 where response.status != 429: throw .refused(status: response.status)
        default: throw .unavailable(status: response.status)
        }
    }
}
