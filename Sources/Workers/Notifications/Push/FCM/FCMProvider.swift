import Curl
import JobCore

/// Sends to Firebase over HTTP v1.
struct FCMProvider: PushProvider {
    let dependency = "fcm"

    private let account: FCMAccount
    private let client: HTTPClient
    private let token: FCMAccessToken

    init(_ account: FCMAccount) throws(SettingsReader.Mistake) {
        self.account = account
        var configuration = HTTPClient.Configuration(addresses: .loopbackAllowed)
        configuration.name = "fcm"
        configuration.maxInFlight = 200
        configuration.maxConnectionsPerHost = 2
        configuration.maxWaiting = 10_000
        if let caFile = account.caFile { configuration.tls = TLSVerification(caFile: caFile) }
        client = HTTPClient(configuration)
        do {
            token = try FCMAccessToken(account, client)
        } catch {
            throw SettingsReader.Mistake(
                variable: "FCM_SERVICE_ACCOUNT_FILE",
                reason: "holds no RSA private key in PEM"
            )
        }
    }

    func send(_ content: PushContent, to device: Device, id: JobID) async -> PushVerdict {
        let message = FCMMessage.bytes(content, token: device.token, now: .now())
        guard message.count <= FCMMessage.maximumBytes else {
            let text = "\(message.count) bytes, FCM takes \(FCMMessage.maximumBytes)"
            return .refused(label: "push_too_large", text)
        }
        let access: String
        do throws(FCMAccessToken.Failure) {
            access = try await token.token()
        } catch {
            return PushVerdict(error)
        }
        do {
            let response = try await client.send(
                HTTPRequest(
                    "POST",
                    "\(account.url)/v1/projects/\(account.project)/messages:send",
                    headers: ["authorization": "Bearer \(access)", "content-type": "application/json"],
                    body: message,
                    timeout: .seconds(20),
                    maxResponseBytes: 65_536
                )
            )
            let answer = FCMAnswer(
                status: response.status,
                retryAfter: response.headers["retry-after"],
                body: response.body
            )
            if response.status == 401, answer.errorCode == nil { await token.forget(access) }
            return answer.verdict
        } catch {
            return PushVerdict(error, provider: "fcm")
        }
    }
}

extension PushVerdict {
    fileprivate init(_ failure: FCMAccessToken.Failure) {
        switch failure {
        case .key: self = .down(label: "fcm_auth", "the key does not sign: check FCM_SERVICE_ACCOUNT_FILE")
        case .refused(let status):
            self = .down(label: "fcm_auth", "Google refuses the account (\(status)): check FCM_SERVICE_ACCOUNT_FILE")
        case .unavailable(let status):
            self = .down(label: "fcm_unreachable", "Google gives no access token (\(status))")
        case .unreachable(let error):
            self = .down(label: "fcm_unreachable", "Google gives no access token (\(error.label))")
        }
    }
}
