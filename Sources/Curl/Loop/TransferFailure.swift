internal import CCurl

/// libcurl's hundred result codes, grouped by what a caller can do about them.
package enum TransferFailure: Hashable, Sendable {
    case malformedURL
    case resolve
    case connect
    /// Every address the name has is refused by the `AddressPolicy`.
    case refusedAddress
    case tls
    case login
    case timeout
    /// The connection was lost, or the other side ended the exchange early.
    case lost
    case tooLarge
    /// What came back is not the protocol.
    case protocolViolation
    case cancelled
    case closed
    /// A fault on this side: out of memory, an option libcurl does not know.
    case fault(code: Int)
}

extension TransferFailure {
    /// nil for CURLE_OK.
    init?(_ code: CURLcode) {
        switch code {
        case CURLE_OK: return nil
        case CURLE_URL_MALFORMAT: self = .malformedURL
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: self = .resolve
        case CURLE_COULDNT_CONNECT: self = .connect
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_PEER_FAILED_VERIFICATION, CURLE_USE_SSL_FAILED, CURLE_SSL_ENGINE_INITFAILED,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT:
            self = .tls
        case CURLE_LOGIN_DENIED, CURLE_AUTH_ERROR: self = .login
        case CURLE_OPERATION_TIMEDOUT: self = .timeout
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_SEND_FAIL_REWIND,
            CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_UPLOAD_FAILED:
            self = .lost
        case CURLE_FILESIZE_EXCEEDED, CURLE_WRITE_ERROR: self = .tooLarge
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING,
            CURLE_REMOTE_ACCESS_DENIED:
            self = .protocolViolation
        case CURLE_ABORTED_BY_CALLBACK: self = .cancelled
        default: self = .fault(code: Int(code.rawValue))
        }
    }
}
