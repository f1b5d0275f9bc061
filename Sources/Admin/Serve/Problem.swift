import Foundation
import Hummingbird
import JobCore

/// Why a request was refused, as RFC 9457 writes it.
struct Problem: Error {
    let status: HTTPResponse.Status
    /// Bounded, for programs: the end of `type`.
    let label: String
    let detail: String
    /// The member of the body, or the part of the address, that is to be mended.
    var field: String?
    /// The id to try again with.
    var id: JobID?
    var retryAfter: Duration?

    static let notJSON = Problem(.badRequest, "malformed_json", "the body is not JSON")
    static let unauthorized = Problem(.unauthorized, "unauthorized", "send a valid key: Authorization: Bearer cij_…")

    init(
        _ status: HTTPResponse.Status,
        _ label: String,
        _ detail: String,
        field: String? = nil,
        id: JobID? = nil,
        retryAfter: Duration? = nil
    ) {
        self.status = status
        self.label = label
        self.detail = detail
        self.field = field
        self.id = id
        self.retryAfter = retryAfter
    }

    init(_ fault: EnqueueLine.Fault) {
        let status: HTTPResponse.Status =
            switch fault.label {
            case "malformed_too_large": .contentTooLarge
            case "malformed_json" where fault.field == nil: .badRequest
            default: .unprocessableContent
            }
        self.init(status, fault.label, fault.message, field: fault.field)
    }

    init(_ error: EnqueueError) {
        let status: HTTPResponse.Status =
            switch error.cause {
            case .publish(.unroutable): .notFound
            case .publish(.queueFull): .tooManyRequests
            case .invalid: .unprocessableContent
            case .publish, .store: error.isRetryable ? .serviceUnavailable : .internalServerError
            }
        self.init(
            status,
            error.label,
            "\(error)",
            field: status == .notFound ? "name" : status == .unprocessableContent ? "payload" : nil,
            id: error.isRetryable ? error.id : nil,
            retryAfter: error.isRetryable ? error.suggestedWait ?? .seconds(1) : nil
        )
    }

    /// The store's own words stay in the log: they may hold values.
    init(_ error: StoreError) {
        if error.isRetryable {
            self.init(.serviceUnavailable, error.label, "the store does not answer", retryAfter: .seconds(1))
        } else {
            self.init(.internalServerError, error.label, "the store refused")
        }
    }

    var json: JSONValue {
        var members: [(key: String, value: JSONValue)] = [
            ("type", .text("urn:checkin-jobs:problem:\(label)")), ("title", .text(status.reasonPhrase)),
            ("status", .int(status.code)), ("detail", .text(detail)),
        ]
        if let field { members.append(("field", .text(field))) }
        if let id { members.append(("id", .text(id.description))) }
        if let retryAfter { members.append(("retry_after_seconds", .seconds(retryAfter))) }
        return .object(members)
    }

    var response: Response {
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        // Whole seconds, and never too early.
        if let retryAfter { headers[.retryAfter] = "\(max(1, Int(retryAfter.seconds.rounded(.up))))" }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: json.text)))
    }
}
