/// Where the broker is and how to talk to it. Its description never shows the password.
package struct AMQPConfiguration: Sendable {
    package struct Endpoint: Sendable, Hashable {
        package var host: String
        package var port: UInt16

        package init(host: String, port: UInt16) {
            self.host = host
            self.port = port
        }
    }

    /// Peer and host name are always verified, TLS 1.2 is the least. Certificates are matched by DNS name only.
    package struct TLS: Sendable {
        /// PEM file of the authorities to trust; nil = the system's.
        package var authorityFile: String?
        /// PEM files of the client's chain and key; both or none.
        package var certificateFile: String?
        package var keyFile: String?
        /// Log in by the client certificate (SASL EXTERNAL) instead of user and password.
        package var external = false

        package init() {}
    }

    package var endpoints: [Endpoint]
    package var user: String
    package var password: String
    package var virtualHost: String
    /// Nil = plain TCP.
    package var tls: TLS?

    /// Shown by the broker's management; also names the thread.
    package var connectionName = "checkin-jobs"
    /// Whole seconds from 1 to 600; a peer silent for two of them is dead. Default 6: RabbitMQ looks once in each and
    /// drops a silent client after two to three of them, so a stopped worker's jobs are free after 18 s.
    package var heartbeat: Duration = .seconds(6)
    /// For TCP and TLS, per host. Name resolution takes what the system's resolver allows. Default 5 s.
    package var connectTimeout: Duration = .seconds(5)
    /// For the AMQP handshake after that. Default 10 s.
    package var handshakeTimeout: Duration = .seconds(10)
    /// For the link's own requests (open, qos, consume, cancel): no answer in this time ends the connection. Default 20 s.
    package var replyTimeout: Duration = .seconds(20)
    /// How often a subscription that gets nothing asks whether there is something; it is made anew when so for two of
    /// them. Default 30 s.
    package var stallCheck: Duration = .seconds(30)
    /// A connection that lasted this long starts its back-off anew. Default 5 s.
    package var stableAfter: Duration = .seconds(5)
    package var backoff = Backoff()
    /// Bodies above `bodyLimit` bytes are received only as their first `truncatedBody` bytes. Defaults 1 MiB + 4 KiB, 64 KiB.
    package var bodyLimit = 1_048_576 + 4_096
    package var truncatedBody = 65_536
    /// Makes a hasher for a body that is cut; it sees all of its bytes.
    package var makeHasher: (@Sendable () -> any BodyHasher)?

    static let frameMax: Int32 = 131_072

    package init(
        endpoints: [Endpoint],
        user: String,
        password: String,
        virtualHost: String = "/",
        tls: TLS? = nil
    ) {
        self.endpoints = endpoints
        self.user = user
        self.password = password
        self.virtualHost = virtualHost
        self.tls = tls
    }
}

/// Digests a body piece by piece, on the link's thread.
package protocol BodyHasher {
    mutating func update(_ bytes: UnsafeRawBufferPointer)
    mutating func finish() -> [UInt8]
}

extension AMQPConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        let hosts = endpoints.map { "\($0.host.contains(":") ? "[\($0.host)]" : $0.host):\($0.port)" }
        // A certificate's name is the broker's to know.
        let login = tls?.external == true ? "" : "\(user):***@"
        return "\(tls == nil ? "amqp" : "amqps")://\(login)\(hosts.joined(separator: ","))/\(virtualHost)"
    }

    package var debugDescription: String { description }

    /// So that `dump` and test failures do not print the password either.
    package var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
