/// Why there is no response.
package enum HTTPError: Error, Equatable, Sendable {
    package enum Part: String, Sendable {
        case method, url, headers, body, timeout
        case headerName = "header_name"
        case headerValue = "header_value"
        case maxResponseBytes = "max_response_bytes"
    }

    /// The request itself; nothing was sent.
    case invalidRequest(Part)
    /// The host resolves only to addresses the client's `AddressPolicy` refuses; nothing was sent.
    case forbiddenAddress
    case resolve
    case connect
    /// The certificate is not trusted, or the handshake failed. The text is libcurl's.
    case tls(String)
    /// `sent` is false when the connection was not even made, so the peer cannot have seen the request.
    case timeout(sent: Bool)
    case tooLarge
    /// The connection was lost after the request may have been seen. The outcome at the peer is unknown.
    case interrupted
    /// What came back is not HTTP.
    case malformedResponse
    case cancelled
    /// Too many requests wait for a slot; nothing was sent.
    case overloaded
    /// The client was closed.
    case closed
    /// A fault on this side, by libcurl's number.
    case fault(code: Int)

    /// Whether the same request may succeed later.
    package var isRetryable: Bool {
        switch self {
        case .invalidRequest, .forbiddenAddress, .tooLarge, .malformedResponse, .cancelled, .closed: false
        case .resolve, .connect, .tls, .timeout, .interrupted, .overloaded, .fault: true
        }
    }

    /// For metrics: one of a dozen words.
    package var label: String {
        switch self {
        case .invalidRequest: "invalid_request"
        case .forbiddenAddress: "forbidden_address"
        case .resolve: "resolve"
        case .connect: "connect"
        case .tls: "tls"
        case .timeout: "timeout"
        case .tooLarge: "too_large"
        case .interrupted: "interrupted"
        case .malformedResponse: "malformed_response"
        case .cancelled: "cancelled"
        case .overloaded: "overloaded"
        case .closed: "closed"
        case .fault: "fault"
        }
    }
}

extension HTTPError {
    init(_ refusal: TransferGate.Refusal) {
        switch refusal {
        case .full: self = .overloaded
        case .expired: self = .timeout(sent: false)
        case .cancelled: self = .cancelled
        case .closed: self = .closed
        }
    }

    init(_ failure: TransferFailure, _ result: TransferResult) {
        switch failure {
        case .malformedURL: self = .invalidRequest(.url)
        case .resolve: self = .resolve
        case .connect: self = .connect
        case .refusedAddress: self = .forbiddenAddress
        case .tls: self = .tls(result.detail)
        case .timeout: self = .timeout(sent: result.reachedPeer)
        case .lost: self = .interrupted
        case .tooLarge: self = .tooLarge
        case .login, .protocolViolation: self = .malformedResponse
        case .cancelled: self = .cancelled
        case .closed: self = .closed
        case .fault(let code): self = .fault(code: code)
        }
    }
}
