extension HTTPRequest {
    private static let ownHeaders: Set<String> = [
        "connection", "content-length", "expect", "host", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade",
    ]

    /// Says what is wrong with the request before anything is sent. What passes holds no byte that could end a line, so
    /// nothing in it can become a header or a request of its own.
    func check() throws(HTTPError) {
        guard !method.isEmpty, method.utf8.count <= 32, method.utf8.allSatisfy({ 0x41...0x5A ~= $0 || $0 == 0x2D })
        else { throw .invalidRequest(.method) }
        try checkURL()
        guard headers.count <= 64 else { throw .invalidRequest(.headers) }
        for (name, value) in headers {
            guard !name.isEmpty, name.utf8.count <= 128, name.utf8.allSatisfy(Self.isTokenByte),
                !Self.ownHeaders.contains(name.lowercased())
            else { throw .invalidRequest(.headerName) }
            guard value.utf8.count <= 8192, value.utf8.allSatisfy({ 0x20...0x7E ~= $0 || $0 == 0x09 }) else {
                throw .invalidRequest(.headerValue)
            }
        }
        guard timeout > .zero else { throw .invalidRequest(.timeout) }
        guard maxResponseBytes >= 0 else { throw .invalidRequest(.maxResponseBytes) }
        if method == "HEAD", !body.isEmpty { throw .invalidRequest(.body) }
    }

    private func checkURL() throws(HTTPError) {
        guard url.utf8.count <= 8192, url.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != 0x5C }) else {
            throw .invalidRequest(.url)
        }
        let lowercased = url.prefix(8).lowercased()
        let schemeLength = lowercased.hasPrefix("https://") ? 8 : lowercased.hasPrefix("http://") ? 7 : 0
        let authority = url.dropFirst(schemeLength).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard schemeLength > 0, !authority.isEmpty, !authority.contains("@") else { throw .invalidRequest(.url) }
    }

    /// libcurl's spelling: a bare `Name:` would take a header away, `Name;` sends it empty.
    var headerLines: [String] {
        headers.map { name, value in value.isEmpty ? "\(name);" : "\(name): \(value)" }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
