import Curl
import Glibc
import Testing

@Suite struct `Address policy` {
    private static let refused = [
        "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
        "127.255.255.255", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1",
        "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1",
        "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::2", "::127.0.0.1", "::ffff:127.0.0.1",
        "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:1ff:ffff::", "2001:db8::1",
        "2001:db8:ffff::1", "2002::1", "2002:7f00:1::", "3fff::1", "3fff:fff::1", "4000::1", "fc00::1", "fdff::1",
        "fe80::1", "febf::1", "fec0::1", "ff02::1", "ffff::",
    ]
    private static let global = [
        "1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0",
        "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2000::1",
        "2001:200::1", "2001:db7:ffff::1", "2001:db9::1", "2001:4860:4860::8888", "2003::1", "2606:4700::1111",
        "3ffe:ffff::1", "3fff:1000::1",
    ]

    @Test(arguments: refused)
    func `an address of no public host is refused`(text: String) throws {
        #expect(try !permits(.globalOnly, text))
        #expect(try permits(.any, text))
        let isLoopback = text.hasPrefix("127.") || text == "::1"
        #expect(try permits(.loopbackAllowed, text) == isLoopback)
    }

    @Test(arguments: global)
    func `a public address is permitted`(text: String) throws {
        #expect(try permits(.globalOnly, text))
        #expect(try permits(.loopbackAllowed, text))
        #expect(try permits(.any, text))
    }

    @Test(arguments: AddressPolicy.allCases)
    func `other families and short addresses are refused`(policy: AddressPolicy) throws {
        var local = sockaddr_un()
        local.sun_family = sa_family_t(AF_UNIX)
        #expect(withUnsafeBytes(of: local) { !policy.permits(socketAddress: $0) })
        let bytes = try socketAddress("2606:4700::1111")
        for count in 0..<24 {
            #expect(bytes[..<count].withUnsafeBytes { !policy.permits(socketAddress: $0) }, "\(count) bytes")
        }
    }

    private func permits(_ policy: AddressPolicy, _ text: String) throws -> Bool {
        #expect(
            policy.permits(IPAddress(text))
                == (try socketAddress(text).withUnsafeBytes { policy.permits(socketAddress: $0) })
        )
        return policy.permits(IPAddress(text))
    }

    private func socketAddress(_ text: String) throws -> [UInt8] {
        if text.contains(":") {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            try #require(inet_pton(AF_INET6, text, &address.sin6_addr) == 1)
            return withUnsafeBytes(of: address) { Array($0) }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        try #require(inet_pton(AF_INET, text, &address.sin_addr) == 1)
        return withUnsafeBytes(of: address) { Array($0) }
    }
}
