/// A complete response; any status is one.
package struct HTTPResponse: Sendable, Equatable {
    package var status: Int
    package var headers: HTTPHeaders
    package var body: [UInt8]
    /// 1 or 2.
    package var httpMajorVersion: Int
    /// False when an idle connection was used again.
    package var openedConnection: Bool

    package init(
        status: Int,
        headers: HTTPHeaders = [:],
        body: [UInt8] = [],
        httpMajorVersion: Int = 1,
        openedConnection: Bool = false
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.httpMajorVersion = httpMajorVersion
        self.openedConnection = openedConnection
    }

    /// The body as text; bytes that are not UTF-8 become U+FFFD.
    package var text: String { String(decoding: body, as: UTF8.self) }

    package var isSuccess: Bool { 200...299 ~= status }
}
