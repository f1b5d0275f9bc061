import Crypto
import Foundation
import JobCore

/// Signature Version 4 of AWS, in headers.
struct AWSSignature: Sendable {
    struct Credentials: Sendable, CustomStringConvertible, CustomReflectable {
        let accessKeyID: String
        let secret: String
        let sessionToken: String?

        init(accessKeyID: String, secret: String, sessionToken: String? = nil) {
            self.accessKeyID = accessKeyID
            self.secret = secret
            self.sessionToken = sessionToken
        }

        var description: String { "Credentials(redacted)" }
        var customMirror: Mirror { Mirror(self, children: []) }
    }

    struct Request: Sendable {
        var method: String
        /// Not percent-encoded; with a slash at its beginning.
        var path: String
        /// Not percent-encoded.
        var query: [(name: String, value: String)]
        /// Without `x-amz-date` and `authorization`; `host` among them.
        var headers: [(name: String, value: String)]
        var body: [UInt8]

        init(
            _ method: String,
            path: String,
            query: [(name: String, value: String)] = [],
            headers: [(name: String, value: String)],
            body: [UInt8] = []
        ) {
            self.method = method
            self.path = path
            self.query = query
            self.headers = headers
            self.body = body
        }
    }

    private let credentials: Credentials
    private let region: String
    private let service: String
    /// Whether `x-amz-content-sha256` is sent and signed.
    private let signsBody: Bool
    /// Off where a proxy adds the token after the signature.
    private let signsToken: Bool
    /// Dots and doubled slashes go from the path before it is signed, as every service but S3 wants it.
    private let normalizesPath: Bool

    init(
        _ credentials: Credentials,
        region: String,
        service: String,
        signsBody: Bool = false,
        signsToken: Bool = true,
        normalizesPath: Bool = true
    ) {
        self.credentials = credentials
        self.region = region
        self.service = service
        self.signsBody = signsBody
        self.signsToken = signsToken
        self.normalizesPath = normalizesPath
    }

    /// The headers to send beside the request's own.
    func headers(of request: Request, at instant: Timestamp) -> [(name: String, value: String)] {
        let (date, day) = Self.dates(instant)
        let digest = Self.hex(SHA256.hash(data: Data(request.body)))
        var added: [(name: String, value: String)] = [("x-amz-date", date)]
        if signsBody { added.append(("x-amz-content-sha256", digest)) }
        let token = credentials.sessionToken.map { [("x-amz-security-token", $0)] } ?? []
        let (list, names) = canonicalHeaders(request.headers + added + (signsToken ? token : []))
        let canonical = [
            request.method, canonicalPath(request.path), canonicalQuery(request.query), list, names, digest,
        ].joined(separator: "\n")
        let scope = "\(day)/\(region)/\(service)/aws4_request"
        let toSign = [
            "AWS4-HMAC-SHA256", date, scope, Self.hex(SHA256.hash(data: Data(canonical.utf8))),
        ].joined(separator: "\n")
        var key = SymmetricKey(data: Data("AWS4\(credentials.secret)".utf8))
        for part in [day, region, service, "aws4_request"] {
            key = SymmetricKey(data: Data(HMAC<SHA256>.authenticationCode(for: Data(part.utf8), using: key)))
        }
        let signature = Self.hex(HMAC<SHA256>.authenticationCode(for: Data(toSign.utf8), using: key))
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
        return added + token + [("authorization", authorization)]
    }

    private func canonicalPath(_ path: String) -> String {
        guard normalizesPath else { return FormEncoding.encode(path, keepsSlash: true) }
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        let isOpen = path.hasSuffix("/") && !parts.isEmpty || path.hasSuffix("/.") && !parts.isEmpty
        return FormEncoding.encode("/" + parts.joined(separator: "/") + (isOpen ? "/" : ""), keepsSlash: true)
    }

    private func canonicalQuery(_ query: [(name: String, value: String)]) -> String {
        query.map { (FormEncoding.encode($0.name), FormEncoding.encode($0.value)) }
            .sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
    }

    /// The block of lines, and the names in it.
    private func canonicalHeaders(_ headers: [(name: String, value: String)]) -> (lines: String, names: String) {
        var values: [String: [String]] = [:]
        for (name, value) in headers {
            let folded = value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            values[name.lowercased(), default: []].append(folded)
        }
        let names = values.keys.sorted()
        let lines = names.map { "\($0):\((values[$0] ?? []).joined(separator: ","))\n" }.joined()
        return (lines, names.joined(separator: ";"))
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// `20150830T123600Z` and `20150830`.
    private static func dates(_ instant: Timestamp) -> (date: String, day: String) {
        let text = instant.description.prefix(19).filter { $0 != "-" && $0 != ":" }
        return ("\(text)Z", String(text.prefix(8)))
    }
}
