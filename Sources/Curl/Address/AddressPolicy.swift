import Glibc

/// Which network addresses a client may connect to. It is checked after name resolution and before `connect`, so neither
/// a crafted host name, an unusual spelling of an address nor DNS rebinding gets around it.
package enum AddressPolicy: String, Sendable, CaseIterable {
    /// Public unicast addresses only. For URLs that come from users or from data.
    case globalOnly = "global_only"
    /// Public addresses and this machine's own.
    case loopbackAllowed = "loopback_allowed"
    /// Everything the kernel can reach. For addresses an operator wrote down.
    case any

    /// The answer for a socket address as the resolver returned it (`sockaddr_in`, `sockaddr_in6`).
    /// Other families and truncated addresses are refused by every policy.
    package func permits(socketAddress bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= MemoryLayout<sockaddr>.size else { return false }
        let family = Int32(bytes.loadUnaligned(as: sa_family_t.self))
        switch family {
        case AF_INET: return permits(IPAddress(v4: Array(bytes[4..<8])))
        case AF_INET6:
            guard bytes.count >= 24 else { return false }
            return permits(IPAddress(v6: Array(bytes[8..<24])))
        default: return false
        }
    }

    package func permits(_ address: IPAddress?) -> Bool {
        guard let address else { return false }
        switch self {
        case .globalOnly: return address.isGlobalUnicast
        case .loopbackAllowed: return address.isGlobalUnicast || address.isLoopback
        case .any: return true
        }
    }
}
