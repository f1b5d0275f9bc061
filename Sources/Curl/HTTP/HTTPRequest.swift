/// One request, as a value.
package struct HTTPRequest: Sendable, Equatable {
    /// An upper-case token such as `GET`.
    package var method: String
    /// Absolute, http or https, ASCII, without user name or password; at most 8 KiB.
    package var url: String
    /// In sending order. `Content-Length`, `Transfer-Encoding`, `Connection`, `Expect` and `Host` are not the caller's.
    package var headers: HTTPHeaders
    package var body: [UInt8]
    /// From the call to the last byte of the response, waiting for a free slot included. Default 30 s.
    package var timeout: Duration
    package var version: HTTPVersionPreference
    /// A response body larger than this ends the transfer with `tooLarge`. Default 1 MiB.
    package var maxResponseBytes: Int

    package init(
        _ method: String = "GET",
        _ url: String,
        headers: HTTPHeaders = [:],
        body: [UInt8] = [],
        timeout: Duration = .seconds(30),
        version: HTTPVersionPreference = .http2,
        maxResponseBytes: Int = 1 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.version = version
        self.maxResponseBytes = maxResponseBytes
    }
}

package enum HTTPVersionPreference: String, Sendable, CaseIterable {
    case http1
    /// HTTP/2 where TLS negotiates it, else HTTP/1.1.
    case http2
    /// HTTP/2 without asking, also in the clear (h2c by prior knowledge).
    case http2Only
}
