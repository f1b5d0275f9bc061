/// Where mails go. Built once, at start; a mistake is an error that names the setting.
package struct SMTPConfiguration: Sendable, CustomStringConvertible {
    package enum Security: String, Sendable, CaseIterable {
        /// In the clear. Loopback and trusted relays only.
        case none
        /// Starts in the clear and must turn to TLS before anything else; default for `smtp://`.
        case startTLS = "starttls"
        /// TLS from the first byte; what `smtps://` means.
        case implicit
    }

    package enum Defect: Error, Equatable, Sendable {
        case url
        /// The login does not belong in the URL: it has settings of its own.
        case loginInURL
        case securityContradictsScheme
        /// A password would cross the network in the clear.
        case loginWithoutTLS
        case username, password, heloName, caFile, timeout
    }

    package let host: String
    package let port: Int
    package let security: Security
    package let credentials: Credentials?
    package let verification: TLSVerification
    package let heloName: String
    /// One mail from call to answer, waiting for a connection included.
    package var timeout: Duration
    package var connectTimeout: Duration = .seconds(10)
    /// Connections at a time; each has a thread of its own and is kept between mails.
    package var maxConnections = 4
    /// Mails that wait for a connection; more are refused as `overloaded`.
    package var maxWaiting = 1024
    /// Larger messages are refused before sending. Default 25 MiB.
    package var maxMessageBytes = 25 << 20

    /// - Parameters:
    ///   - url: `smtp://HOST[:PORT]` (587) or `smtps://HOST[:PORT]` (465); nothing else in it.
    ///   - security: nil takes what the scheme says.
    ///   - heloName: a host name of this machine, told to the server.
    ///   - timeout: default 60 s. A short one turns slow answers into unknown outcomes.
    package init(
        url: String,
        username: String? = nil,
        password: String? = nil,
        security: Security? = nil,
        verification: TLSVerification = TLSVerification(),
        heloName: String = "localhost",
        timeout: Duration = .seconds(60)
    ) throws(Defect) {
        let isTLSScheme = url.lowercased().hasPrefix("smtps://")
        guard isTLSScheme || url.lowercased().hasPrefix("smtp://") else { throw .url }
        let authority = url.dropFirst(isTLSScheme ? 8 : 7)
        guard !authority.contains("@") else { throw .loginInURL }
        (host, port) = try Self.parse(authority, defaultPort: isTLSScheme ? 465 : 587)
        let security = security ?? (isTLSScheme ? .implicit : .startTLS)
        guard (security == .implicit) == isTLSScheme else { throw .securityContradictsScheme }
        self.security = security

        credentials = try Self.credentials(username, password)
        if credentials != nil, security == .none, !Self.isLoopback(host) { throw .loginWithoutTLS }
        guard MailAddress.isHostName(heloName[...]) else { throw .heloName }
        self.heloName = heloName
        if let caFile = verification.caFile, caFile.isEmpty || caFile.utf8.contains(0) { throw .caFile }
        self.verification = verification
        guard timeout > .zero else { throw .timeout }
        self.timeout = timeout
    }

    package var description: String {
        "\(security == .implicit ? "smtps" : "smtp")://\(host):\(port) (\(security.rawValue))"
    }

    /// The path is libcurl's place for the EHLO name.
    var curlURL: String { "\(security == .implicit ? "smtps" : "smtp")://\(host):\(port)/\(heloName)" }

    private static func parse(_ authority: Substring, defaultPort: Int) throws(Defect) -> (host: String, port: Int) {
        var rest = authority
        if rest.last == "/" { rest.removeLast() }
        let host: Substring
        if rest.first == "[" {
            guard let close = rest.firstIndex(of: "]"), IPAddress(String(rest[..<close].dropFirst())) != nil else {
                throw .url
            }
            host = rest[...close]
            rest = rest[rest.index(after: close)...]
        } else {
            host = rest.prefix { $0 != ":" }
            rest = rest.dropFirst(host.count)
            guard !host.isEmpty, MailAddress.isHostName(host) else { throw .url }
        }
        guard !rest.isEmpty else { return (String(host), defaultPort) }
        guard rest.first == ":", let port = UInt16(rest.dropFirst()), port > 0 else { throw .url }
        return (String(host), Int(port))
    }

    private static func credentials(_ username: String?, _ password: String?) throws(Defect) -> Credentials? {
        guard let username else {
            guard password == nil else { throw .username }
            return nil
        }
        func isClean(_ text: String) -> Bool {
            1...1024 ~= text.utf8.count && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        }
        guard isClean(username) else { throw .username }
        guard let password, isClean(password) else { throw .password }
        return Credentials(username: username, password: password)
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || IPAddress(host.trimmingBrackets)?.isLoopback == true
    }
}

extension String {
    fileprivate var trimmingBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }
}
