import Glibc

/// An IPv4 or IPv6 address in network byte order.
package struct IPAddress: Hashable, Sendable {
    private let bytes: [UInt8]

    package init?(v4 bytes: [UInt8]) {
        guard bytes.count == 4 else { return nil }
        self.bytes = bytes
    }

    package init?(v6 bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// The usual text forms of `inet_pton`; no zone, no brackets, no octal or short IPv4 forms.
    package init?(_ text: String) {
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            bytes = withUnsafeBytes(of: v4) { Array($0) }
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            bytes = withUnsafeBytes(of: v6) { Array($0) }
        } else {
            return nil
        }
    }

    package var isLoopback: Bool {
        Self.loopback.contains { $0.contains(bytes) }
    }

    /// Neither private, local, reserved, documentation, multicast nor a form that wraps another address. IPv6 is an
    /// allow-list: only 2000::/3 is handed out for global unicast, and parts of that are special.
    package var isGlobalUnicast: Bool {
        if bytes.count == 4 { return !Self.specialV4.contains { $0.contains(bytes) } }
        return Self.globalV6.contains(bytes) && !Self.specialV6.contains { $0.contains(bytes) }
    }

    private static let loopback = blocks(["127.0.0.0/8", "::1/128"])

    private static let specialV4 = blocks([
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    ])

    private static let globalV6 = AddressBlock(prefix: [0x20] + Array(repeating: 0, count: 15), length: 3)

    /// IETF protocol assignments with Teredo, documentation, 6to4, documentation again. Mapped (::ffff:0:0/96), NAT64
    /// (64:ff9b::/96), unique local, link local and multicast addresses are outside 2000::/3 already.
    private static let specialV6 = blocks(["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"])

    private static func blocks(_ texts: [String]) -> [AddressBlock] {
        texts.compactMap { text in
            let parts = text.split(separator: "/")
            guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]) else {
                return nil
            }
            return AddressBlock(prefix: address.bytes, length: length)
        }
    }
}

/// All addresses that share the first `length` bits of `prefix`.
private struct AddressBlock: Sendable {
    let prefix: [UInt8]
    let length: Int

    func contains(_ bytes: [UInt8]) -> Bool {
        let whole = length / 8
        guard prefix.count == bytes.count, bytes.prefix(whole).elementsEqual(prefix.prefix(whole)) else { return false }
        let rest = length % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> rest)
        return bytes[whole] & mask == prefix[whole] & mask
    }
}
