import JobCore
import Synchronization
import Testing

@testable import Workers

/// Each answer of Twilio and SNS: what it means, what becomes of the job, and what is kept.
@Suite("Every answer of Twilio and SNS")
struct SMSErrorTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let verdict: SMSVerdict
        let label: String?
        let disposition: JobError.Disposition?
        let state: MessageRecord.State?
        var isOptedOut = false

        var testDescription: String { name }
    }

    private static func twilio(
        _ status: Int,
        _ code: Int?,
        _ label: String?,
        _ disposition: JobError.Disposition?,
        _ state: MessageRecord.State?,
        optOut: Bool = false
    ) -> Row {
        let body = code.map { #"{"code":\#($0),"message":"m","status":\#(status)}"# } ?? #"{"sid":"SM1"}"#
        return Row(
            name: "Twilio \(status) \(code ?? 0)",
            verdict: TwilioAnswer.verdict(status: status, body: Array(body.utf8), retryAfter: nil),
            label: label,
            disposition: disposition,
            state: state,
            isOptedOut: optOut
        )
    }

    private static func sns(
        _ status: Int,
        _ code: String,
        _ label: String?,
        _ disposition: JobError.Disposition?,
        _ state: MessageRecord.State?,
        optOut: Bool = false
    ) -> Row {
        let body =
            code.isEmpty
            ? "<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>"
            : "<ErrorResponse><Error><Type>Sender</Type><Code>\(code)</Code></Error></ErrorResponse>"
        return Row(
            name: "SNS \(status) \(code)",
            verdict: SNSAnswer.verdict(status: status, body: body),
            label: label,
            disposition: disposition,
            state: state,
            isOptedOut: optOut
        )
    }

    static let rows: [Row] = [
        twilio(201, nil, nil, nil, .queued),
        twilio(429, 20429, "sms_rate", .retry(after: .seconds(30)), nil),
        twilio(401, 20003, "twilio_auth", .park("twilio"), nil),
        twilio(400, 21211, "sms_bad_number", .dead, .refused),
        twilio(400, 21610, nil, nil, .refused, optOut: true),
        twilio(400, 21614, "sms_not_mobile", .dead, .refused),
        twilio(400, 21606, "twilio_sender", .park("twilio"), nil),
        twilio(400, 21617, "sms_too_long", .dead, .refused),
        twilio(400, 30003, "sms_unreachable", .dead, .refused),
        twilio(400, 30005, "sms_unknown_number", .dead, .refused),
        twilio(400, 30006, "sms_landline", .dead, .refused),
        twilio(400, 30007, "sms_filtered", .dead, .refused),
        twilio(400, 99999, "sms_refused", .dead, .refused),
        twilio(404, 20404, "twilio_auth", .park("twilio"), nil),
        twilio(500, 20500, "twilio_unavailable", .retry(after: nil), nil),
        twilio(503, 0, "twilio_unavailable", .retry(after: nil), nil),
        sns(200, "", nil, nil, .queued),
        sns(400, "InvalidParameter", "sms_refused", .dead, .refused),
        sns(400, "ParameterValueInvalid", "sms_refused", .dead, .refused),
        sns(400, "ValidationException", "sms_refused", .dead, .refused),
        sns(500, "InternalError", "sns_unavailable", .retry(after: nil), nil),
        sns(404, "NotFound", "sns_auth", .park("twilio"), nil),
        sns(400, "EndpointDisabled", "sms_refused", .dead, .refused),
        sns(400, "PlatformApplicationDisabled", "sns_auth", .park("twilio"), nil),
        sns(403, "AuthorizationError", "sns_auth", .park("twilio"), nil),
        sns(403, "InvalidSecurity", "sns_auth", .park("twilio"), nil),
        sns(403, "SignatureDoesNotMatch", "sns_auth", .park("twilio"), nil),
        sns(400, "KMSDisabled", "sns_auth", .park("twilio"), nil),
        sns(400, "KMSInvalidState", "sns_auth", .park("twilio"), nil),
        sns(400, "KMSNotFound", "sns_auth", .park("twilio"), nil),
        sns(403, "KMSOptInRequired", "sns_auth", .park("twilio"), nil),
        sns(400, "KMSThrottling", "sms_rate", .retry(after: nil), nil),
        sns(400, "KMSAccessDenied", "sns_auth", .park("twilio"), nil),
        sns(400, "Throttling", "sms_rate", .retry(after: nil), nil),
        sns(400, "OptedOut", nil, nil, .refused, optOut: true),
    ]

    @Test("maps to one fate of the job and one record", arguments: rows)
    func row(_ row: Row) async throws {
        try await Desk.with(.embedded) { desk in
            let worker = SMSNotificationWorker(
                templates: try SMSNotificationWorker.templates(folder: Desk.repository + "/jobs/templates/sms"),
                settings: SMSSettings(provider: ScriptedSMS { _ in row.verdict })
            )
            let context = desk.context(SMSNotification.self)
            let job = SMSNotification(to: "+5531999990000", template: "login_code", variables: ["code": "123456"])
            do {
                #expect(try await worker.perform(job, context) == .done)
                #expect(row.label == nil)
            } catch let error as JobError {
                #expect(error.label == row.label && error.disposition == row.disposition)
            }
            #expect(try await desk.messages(of: context.id).map(\.state) == (row.state.map { [$0] } ?? []))
            let reason = try await desk.write { session throws(StoreError) in
                try session.suppression(.sms, "+5531999990000")
            }
            #expect((reason == .optOut) == row.isOptedOut)
        }
    }
}

/// Answers as the test says.
struct ScriptedSMS: SMSProvider {
    let name = "twilio"
    private let answer: @Sendable (SMSOrder) -> SMSVerdict
    private let finding: @Sendable () -> SMSFinding

    init(
        finding: @escaping @Sendable () -> SMSFinding = { .unknown },
        _ answer: @escaping @Sendable (SMSOrder) -> SMSVerdict
    ) {
        self.answer = answer
        self.finding = finding
    }

    func send(_ order: SMSOrder) async -> SMSVerdict { answer(order) }
    func find(_ order: SMSOrder, since: Timestamp) async -> SMSFinding { finding() }
}
