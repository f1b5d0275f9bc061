import Foundation
import JobCore

/// Firebase's answers, as the error codes of HTTP v1 have them; table and sources in docs/families/push.md.
struct FCMAnswer: Sendable, Equatable {
    let status: Int
    /// The message's name, of a success.
    var name: String?
    /// `google.rpc.Code`, such as `INVALID_ARGUMENT`.
    var rpcStatus: String?
    /// Of the detail `FcmError`, such as `UNREGISTERED`.
    var errorCode: String?
    /// A detail `BadRequest` says that a field of ours is wrong.
    var isBadRequest = false
    var retryAfter: Duration?

    /// Where Firebase names no time for 429.
    static let quotaDelay: Duration = .seconds(60)

    init(status: Int, retryAfter: String?, body: [UInt8]) {
        self.status = status
        self.retryAfter = retryAfter.flatMap { RetryAfter.delay($0) }
        guard let answer = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] else { return }
        name = answer["name"] as? String
        guard let error = answer["error"] as? [String: Any] else { return }
        rpcStatus = error["status"] as? String
        for detail in error["details"] as? [[String: Any]] ?? [] {
            let type = detail["@type"] as? String ?? ""
            if type.hasSuffix("google.firebase.fcm.v1.FcmError") { errorCode = detail["errorCode"] as? String }
            if type.hasSuffix("google.rpc.BadRequest") { isBadRequest = true }
        }
    }

    var verdict: PushVerdict {
        let known = errorCode.flatMap(Code.init(rawValue:))
        let text = "\(status) \(known?.rawValue ?? rpcStatus.map { $0.prefix(40).description } ?? "without a code")"
        switch (status, known) {
        case (200..<300, _): return .sent(name ?? "")
        case (_, .unregistered): return .gone(since: nil)
        // The same code has two meanings: our payload is wrong, or the token is none.
        case (400, .invalidArgument) where !isBadRequest: return .gone(since: nil)
        case (_, .senderIDMismatch):
            return .refused(label: "fcm_sender_id_mismatch", "FCM said \(text): the token is of another project")
        case (_, .thirdPartyAuthError):
            return .down(label: "fcm_third_party_auth", "\(text): check the APNs key in the Firebase console")
        case (401, _), (403, _):
            return .down(label: "fcm_auth", "\(text): check FCM_SERVICE_ACCOUNT_FILE and its project")
        case (404, _):
            return .down(label: "fcm_project", "\(text): check the project of FCM_SERVICE_ACCOUNT_FILE")
        case (429, _), (_, .quotaExceeded):
            return .later(after: retryAfter ?? Self.quotaDelay, label: "fcm_quota", "FCM said \(text)")
        case (500..., _): return .later(after: retryAfter, label: "fcm_unavailable", "FCM said \(text)")
        default: return .refused(label: "fcm_invalid_argument", "FCM said \(text)")
        }
    }

    enum Code: String, CaseIterable, Sendable {
        case unspecified = "UNSPECIFIED_ERROR"
        case invalidArgument = "INVALID_ARGUMENT"
        case unregistered = "UNREGISTERED"
        case senderIDMismatch = "SENDER_ID_MISMATCH"
        case quotaExceeded = "QUOTA_EXCEEDED"
        case unavailable = "UNAVAILABLE"
        case internalError = "INTERNAL"
        case thirdPartyAuthError = "THIRD_PARTY_AUTH_ERROR"
    }
}

/// The header's seconds. Dates are rare among providers and are taken for none.
enum RetryAfter {
    static let longest: Duration = .seconds(86_400)

    static func delay(_ text: String) -> Duration? {
        guard let seconds = Int64(text.prefix(20)), seconds >= 0 else { return nil }
        return min(.seconds(seconds), longest)
    }
}
