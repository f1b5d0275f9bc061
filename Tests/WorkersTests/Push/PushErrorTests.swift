import JobCore
import Testing

@testable import Workers

/// Each answer of the two providers: what it means, what becomes of the job, and what is kept. The left column is of the
/// vendors' own tables.
@Suite("Every answer of APNs and Firebase")
struct PushErrorTests {
    enum Fate: Equatable {
        case done
        case dead(String)
        case retry(String, after: Duration?)
        case park(String)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let verdict: PushVerdict
        let fate: Fate
        let state: MessageRecord.State?
        let isTokenKept: Bool

        var testDescription: String { name }
    }

    private static func apns(
        _ status: Int,
        _ reason: String?,
        _ fate: Fate,
        _ state: MessageRecord.State?,
        keeps: Bool = true,
        age: Duration = .seconds(60)
    ) -> Row {
        Row(
            name: "APNs \(status) \(reason ?? "-")\(age > .seconds(60) ? " of an old token" : "")",
            verdict: APNsAnswer.verdict(status: status, reason: reason, apnsID: "A1", timestamp: nil, tokenAge: age),
            fate: fate,
            state: state,
            isTokenKept: keeps
        )
    }

    private static func fcm(
        _ status: Int,
        _ body: String,
        retryAfter: String? = nil,
        _ fate: Fate,
        _ state: MessageRecord.State?,
        keeps: Bool = true
    ) -> Row {
        let answer = FCMAnswer(status: status, retryAfter: retryAfter, body: Array(body.utf8))
        return Row(name: "FCM \(status) \(body)", verdict: answer.verdict, fate: fate, state: state, isTokenKept: keeps)
    }

    private static func error(_ status: String, _ code: String? = nil, badRequest: Bool = false) -> String {
        var details: [String] = []
        if let code {
            details.append(#"{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"\#(code)"}"#)
        }
        if badRequest {
            details.append(#"{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[]}"#)
        }
        return
            #"{"error":{"code":0,"message":"m","status":"\#(status)","details":[\#(details.joined(separator: ","))]}}"#
    }

    static let rows: [Row] = {
        let quarter: Duration = .seconds(900)
        func dead(_ reason: String, _ label: String, _ status: Int = 400) -> Row {
            apns(status, reason, .dead(label), .refused)
        }
        func park(_ reason: String) -> Row { apns(403, reason, .park("apns"), nil) }
        return [
            apns(200, nil, .done, .sent),
            dead("BadCollapseId", "apns_bad_collapse_id"), dead("BadDeviceToken", "apns_bad_device_token"),
            dead("BadExpirationDate", "apns_bad_expiration_date"), dead("BadMessageId", "apns_bad_message_id"),
            dead("BadPriority", "apns_bad_priority"), apns(400, "BadTopic", .park("apns"), nil),
            dead("DeviceTokenNotForTopic", "apns_device_token_not_for_topic"),
            dead("DuplicateHeaders", "apns_duplicate_headers"),
            apns(400, "IdleTimeout", .retry("apns_interrupted", after: nil), nil),
            dead("InvalidPushType", "apns_invalid_push_type"), dead("MissingDeviceToken", "apns_missing_device_token"),
            apns(400, "MissingTopic", .park("apns"), nil), dead("PayloadEmpty", "apns_payload_empty"),
            apns(400, "TopicDisallowed", .park("apns"), nil),
            park("BadCertificate"), park("BadCertificateEnvironment"), park("ExpiredProviderToken"),
            apns(403, "ExpiredProviderToken", .retry("apns_interrupted", after: .seconds(1)), nil, age: .seconds(1500)),
            park("Forbidden"), park("InvalidProviderToken"), park("MissingProviderToken"),
            park("UnrelatedKeyIdInToken"), park("BadEnvironmentKeyIdInToken"),
            dead("BadPath", "apns_bad_path", 404), dead("MethodNotAllowed", "apns_method_not_allowed", 405),
            apns(410, "ExpiredToken", .done, .gone, keeps: false),
            apns(410, "Unregistered", .done, .gone, keeps: false),
            dead("PayloadTooLarge", "apns_payload_too_large", 413),
            apns(429, "TooManyProviderTokenUpdates", .park("apns"), nil),
            apns(429, "TooManyRequests", .retry("apns_too_many_requests", after: .seconds(60)), nil),
            apns(500, "InternalServerError", .retry("apns_unavailable", after: quarter), nil),
            apns(503, "ServiceUnavailable", .retry("apns_unavailable", after: quarter), nil),
            apns(503, "Shutdown", .retry("apns_unavailable", after: quarter), nil),
            apns(502, nil, .retry("apns_unavailable", after: quarter), nil),
            apns(400, "SomethingNew", .dead("apns_status_4xx"), .refused),
            apns(403, "SomethingNew", .park("apns"), nil),

            fcm(200, #"{"name":"projects/p/messages/1"}"#, .done, .sent),
            fcm(400, error("INVALID_ARGUMENT", badRequest: true), .dead("fcm_invalid_argument"), .refused),
            fcm(
                400,
                error("INVALID_ARGUMENT", "INVALID_ARGUMENT", badRequest: true),
                .dead("fcm_invalid_argument"),
                .refused
            ),
            fcm(400, error("INVALID_ARGUMENT", "INVALID_ARGUMENT"), .done, .gone, keeps: false),
            fcm(404, error("NOT_FOUND", "UNREGISTERED"), .done, .gone, keeps: false),
            fcm(404, error("NOT_FOUND"), .park("fcm"), nil),
            fcm(403, error("PERMISSION_DENIED", "SENDER_ID_MISMATCH"), .dead("fcm_sender_id_mismatch"), .refused),
            fcm(403, error("PERMISSION_DENIED"), .park("fcm"), nil),
            fcm(401, error("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), .park("fcm"), nil),
            fcm(401, error("UNAUTHENTICATED"), .park("fcm"), nil),
            fcm(
                429,
                error("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
                .retry("fcm_quota", after: .seconds(60)),
                nil
            ),
            fcm(
                429,
                error("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
                retryAfter: "7",
                .retry("fcm_quota", after: .seconds(7)),
                nil
            ),
            fcm(500, error("INTERNAL", "INTERNAL"), .retry("fcm_unavailable", after: nil), nil),
            fcm(
                503,
                error("UNAVAILABLE", "UNAVAILABLE"),
                retryAfter: "30",
                .retry("fcm_unavailable", after: .seconds(30)),
                nil
            ),
            fcm(502, "<html>", .retry("fcm_unavailable", after: nil), nil),
        ]
    }()

    @Test("maps to one fate of the job and one record", arguments: rows)
    func row(_ row: Row) async throws {
        let platform: Device.Platform = row.name.hasPrefix("APNs") ? .apns : .fcm
        try await Desk.with(.embedded) { desk in
            let device = Device(platform, "00fc13adff78", registeredAt: Timestamp(milliseconds: 1000))
            try await desk.write { session throws(StoreError) in try session.register([("42", device)]) }
            let worker = PushNotificationWorker(
                templates: try PushNotificationWorker.templates(folder: Desk.repository + "/jobs/templates/push"),
                outbound: PushOutbound(providers: [platform: ScriptedPush(platform: platform) { _ in row.verdict }])
            )
            let context = desk.context(PushNotification.self)
            let job = PushNotification(
                userID: "42",
                template: "checkin_receipt",
                variables: ["name": "Ana", "venue": "Aurora"]
            )
            #expect(try await fate { try await worker.perform(job, context) } == row.fate)
            #expect(try await desk.messages(of: context.id).map(\.state) == (row.state.map { [$0] } ?? []))
            let left = try await desk.write { session throws(StoreError) in try session.devices(of: "42") }
            #expect(left.isEmpty == !row.isTokenKept)
        }
    }

    /// What a run of the worker leads to.
    private func fate(_ run: () async throws -> Outcome) async throws -> Fate {
        do {
            let outcome = try await run()
            guard outcome == .done else { throw Desk.Missing(description: "\(outcome)") }
            return .done
        } catch let error as JobError {
            switch error.disposition {
            case .dead: return .dead(error.label)
            case .park(let dependency): return .park(dependency)
            case .retry(let after): return .retry(error.label, after: after)
            }
        }
    }

    @Test("credentials that are refused name the variables to look at")
    func advice() {
        let verdict = APNsAnswer.verdict(
            status: 403,
            reason: "InvalidProviderToken",
            apnsID: nil,
            timestamp: nil,
            tokenAge: .seconds(1)
        )
        #expect(
            verdict
                == .down(
                    label: "apns_invalid_provider_token",
                    "403 InvalidProviderToken: check APNS_KEY_ID, APNS_TEAM_ID and APNS_KEY_FILE"
                )
        )
    }
}

/// Answers each device as the test says, and remembers who was asked.
struct ScriptedPush: PushProvider {
    let dependency: String
    private let answer: @Sendable (Device) -> PushVerdict

    init(platform: Device.Platform, _ answer: @escaping @Sendable (Device) -> PushVerdict) {
        dependency = platform.rawValue
        self.answer = answer
    }

    func send(_ content: PushContent, to device: Device, id: JobID) async -> PushVerdict { answer(device) }
}
