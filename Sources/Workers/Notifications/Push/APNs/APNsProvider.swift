import Curl
import Foundation
import JobCore

/// Sends to Apple's push service, all requests over few HTTP/2 connections.
struct APNsProvider: PushProvider {
    let dependency = "apns"

    private let settings: APNsSettings
    private let client: HTTPClient
    private let token: APNsToken
    private let gate = FirstStreamGate()

    init(_ settings: APNsSettings) throws(SettingsReader.Mistake) {
        self.settings = settings
        var configuration = HTTPClient.Configuration(addresses: .loopbackAllowed)
        configuration.name = "apns"
        configuration.maxInFlight = 1000 * settings.connections
        configuration.maxConnectionsPerHost = settings.connections
        configuration.maxWaiting = 10_000
        if let caFile = settings.caFile { configuration.tls = TLSVerification(caFile: caFile) }
        client = HTTPClient(configuration)
        do {
            token = try APNsToken(pem: settings.keyPEM, keyID: settings.keyID, teamID: settings.teamID)
        } catch {
            throw SettingsReader.Mistake(variable: "APNS_KEY_FILE", reason: "holds no P-256 private key in PEM")
        }
    }

    func send(_ content: PushContent, to device: Device, id: JobID) async -> PushVerdict {
        let payload = APNsPayload.bytes(content)
        guard payload.count <= APNsPayload.maximumBytes else {
            let text = "\(payload.count) bytes, APNs takes \(APNsPayload.maximumBytes)"
            return .refused(label: "push_too_large", text)
        }
        let current: APNsToken.Current
        do {
            current = try await token.token()
        } catch {
            return .down(label: "apns_key", "the key does not sign: check APNS_KEY_FILE")
        }
        let request = request(payload, content, device, id, current)
        let isFirst = await gate.enter()
        do {
            let response = try await client.send(request)
            gate.leave(isFirst: isFirst, accepted: response.status != 403)
            let answer = Answer(response.body)
            let verdict = APNsAnswer.verdict(
                status: response.status,
                reason: answer?.reason,
                apnsID: response.headers["apns-id"],
                timestamp: answer?.timestamp.map { Timestamp(milliseconds: $0) },
                tokenAge: current.age()
            )
            if response.status == 403 { await token.expire(current) }
            return verdict
        } catch {
            gate.leave(isFirst: isFirst, accepted: nil)
            return PushVerdict(error, provider: "apns")
        }
    }

    private func request(
        _ payload: [UInt8],
        _ content: PushContent,
        _ device: Device,
        _ id: JobID,
        _ token: APNsToken.Current
    ) -> HTTPRequest {
        var headers: HTTPHeaders = [
            "authorization": "bearer \(token.text)",
            "apns-topic": device.app.isEmpty ? settings.topic : device.app,
            "apns-push-type": "alert",
            "apns-id": JobID.derived(from: "\(id) \(device.recipient)").description,
            "apns-priority": content.isUrgent ? "10" : "5",
            "apns-collapse-id": content.collapseID,
            "content-type": "application/json",
        ]
        // Without one Apple keeps the message for up to 30 days.
        if let expiry = content.expiresAt { headers.add("apns-expiration", "\(expiry.milliseconds / 1000)") }
        return HTTPRequest(
            "POST",
            "\(settings.url)/3/device/\(device.token)",
            headers: headers,
            body: payload,
            timeout: .seconds(20),
            version: .http2,
            maxResponseBytes: 16_384
        )
    }

    private struct Answer: Decodable {
        let reason: String?
        let timestamp: Int64?

        init?(_ body: [UInt8]) {
            guard !body.isEmpty, let answer = try? JSONDecoder().decode(Answer.self, from: Data(body)) else {
                return nil
            }
            self = answer
        }
    }
}

extension PushVerdict {
    /// Of a request without an answer. What was not sent harms nobody; what may have been is told apart by its collapse id.
    init(_ error: HTTPError, provider: String) {
        switch error {
        case .resolve, .connect, .forbiddenAddress:
            self = .down(label: "\(provider)_unreachable", "no connection to \(provider) (\(error.label))")
        case .tls(let reason): self = .down(label: "\(provider)_unreachable", "no trusted TLS: \(reason)")
        case .timeout(sent: false), .overloaded:
            self = .later(after: nil, label: "\(provider)_timeout", "no turn at \(provider) in time (\(error.label))")
        case .timeout(sent: true): self = .later(after: nil, label: "\(provider)_timeout", "no answer in time")
        case .interrupted, .malformedResponse, .tooLarge, .fault:
            self = .later(after: nil, label: "\(provider)_interrupted", "the connection ended (\(error.label))")
        case .cancelled, .closed: self = .later(after: nil, label: "cancelled", "cancelled before an answer came")
        case .invalidRequest(let part):
            self = .refused(label: "\(provider)_bad_request", "the request has a bad \(part.rawValue)")
        }
    }
}
