extension AMQPConfiguration {
    /// Reads `amqp[s]://[user[:password]@]host[:port][,host[:port]…][/vhost]`.
    ///
    /// User, password and vhost are percent-decoded; defaults are guest, guest, port 5672 (5671 with TLS) and vhost `/`.
    /// An empty vhost (a bare slash at the end) is taken as `/`. IPv6 hosts stand in brackets.
    package init(url: String) throws(AMQPConfigurationError) {
        let secure: Bool
        let rest: Substring
        let lowered = url.prefix(8).lowercased()
        if lowered.hasPrefix("amqps://") {
            (secure, rest) = (true, url.dropFirst(8))
        } else if lowered.hasPrefix("amqp://") {
            (secure, rest) = (false, url.dropFirst(7))
        } else {
            throw .unknownScheme
        }
        if rest.contains("#") { throw .unexpected(part: "fragment") }
        if rest.contains("?") { throw .unexpected(part: "query") }

        var user = "guest"
        var password = "guest"
        // The last @ ends the credentials: an unescaped @ or / in a password is a common slip and still readable this way.
        let at = rest.lastIndex(of: "@")
        let location = at.map { rest[rest.index(after: $0)...] } ?? rest
        let (hosts, path) = location.firstIndex(of: "/").map { (location[..<$0], location[$0...]) } ?? (location, "")
        if let at { (user, password) = try Self.credentials(rest[..<at]) }
        var endpoints: [Endpoint] = []
        for host in hosts.split(separator: ",", omittingEmptySubsequences: false) {
            endpoints.append(try Self.endpoint(host, defaultPort: secure ? 5671 : 5672))
        }
        let virtualHost = try Self.decode(path.dropFirst(), part: "vhost")
        self.init(
            endpoints: endpoints,
            user: user,
            password: password,
            virtualHost: virtualHost.isEmpty ? "/" : virtualHost,
            tls: secure ? TLS() : nil
        )
    }

    private static func credentials(_ text: Substring) throws(AMQPConfigurationError) -> (String, String) {
        guard let colon = text.firstIndex(of: ":") else { return (try decode(text, part: "user"), "") }
        return (
            try decode(text[..<colon], part: "user"),
            try decode(text[text.index(after: colon)...], part: "password")
        )
    }

    private static func endpoint(_ text: Substring, defaultPort: UInt16) throws(AMQPConfigurationError) -> Endpoint {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { throw .badHost }
            host = text[text.index(after: text.startIndex)..<close]
            let tail = text[text.index(after: close)...]
            if !tail.isEmpty {
                guard tail.hasPrefix(":") else { throw .badHost }
                port = tail.dropFirst()
            }
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty else { throw .missingHost }
        let allowed: Set<Character> = ["-", ".", "_", ":", "%"]
        guard host.utf8.count <= 253,
            host.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || allowed.contains($0)) })
        else { throw .badHost }
        guard let port else { return Endpoint(host: String(host), port: defaultPort) }
        // The text after a colon may be a password whose @ was forgotten: only digits are shown.
        guard port.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt16(port), number > 0 else {
            throw .badPort(port.utf8.count <= 6 && port.utf8.allSatisfy { (48...57).contains($0) } ? String(port) : "?")
        }
        return Endpoint(host: String(host), port: number)
    }

    private static func decode(_ text: Substring, part: String) throws(AMQPConfigurationError) -> String {
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(hexadecimal), let low = iterator.next().flatMap(hexadecimal) else {
                throw .badPercentEncoding(part: part)
            }
            bytes.append(high << 4 | low)
        }
        guard bytes.count <= 255 else { throw .tooLong(part: part) }
        // A NUL would end the C string early and log in with something else.
        guard !bytes.contains(0), let decoded = String(validating: bytes, as: UTF8.self) else {
            throw .badPercentEncoding(part: part)
        }
        return decoded
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
