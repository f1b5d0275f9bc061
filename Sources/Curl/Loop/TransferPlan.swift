/// One transfer, complete: everything the loop's thread needs to know before it starts. Whoever makes a plan has checked
/// its strings; here they are only handed to libcurl.
struct TransferPlan: Sendable {
    enum Exchange: Sendable {
        case http(method: String, headers: [String], version: HTTPVersionPreference)
        case smtp(from: String, recipients: [String], useTLS: Bool)
    }

    var url: String
    var exchange: Exchange
    var body: [UInt8]
    var timeouts: TransferTimeouts
    var maxResponseBytes: Int
    var tls: TLSVerification
    var credentials: Credentials?
    var addresses: AddressPolicy
    /// Idle connections are left alone.
    var needsNewConnection = false

    var isSMTP: Bool {
        if case .smtp = exchange { return true }
        return false
    }
}

struct TransferTimeouts: Sendable {
    /// From start to end, name resolution included. At least 1 ms.
    var total: Duration
    /// Until the connection (with TLS) stands.
    var connect: Duration
    /// Ended when less than one byte a second moves for so long; nil turns that off.
    var stalled: Duration?
}

/// How a peer's certificate is checked. TLS 1.2 is the least that is spoken.
package struct TLSVerification: Sendable, Hashable {
    /// Off only for tests and for relays inside a trusted network.
    package var isOn: Bool
    /// PEM file with the certificates to trust instead of the system's.
    package var caFile: String?

    package init(isOn: Bool = true, caFile: String? = nil) {
        self.isOn = isOn
        self.caFile = caFile
    }
}

/// A login. Prints without the password.
package struct Credentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    package var username: String
    package var password: String

    package init(username: String, password: String) {
        self.username = username
        self.password = password
    }

    package var description: String { "Credentials(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Duration {
    /// Whole milliseconds, at least 1: libcurl takes 0 as "for ever".
    var curlMilliseconds: Int {
        let (seconds, attoseconds) = components
        let bounded = min(max(seconds, 0), 86_400)
        return max(1, Int(bounded) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}
