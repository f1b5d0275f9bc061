/// How the connection to RabbitMQ is secured, beyond what its URL says. PEM files; nothing of them is kept here.
package struct BrokerSecurity: Sendable, Equatable {
    /// The authorities to trust, for the broker and for an https management API; nil = the system's.
    package var authorityFile: String?
    /// The client's chain and its key: both or none.
    package var certificateFile: String?
    package var keyFile: String?
    /// Log in by the certificate (SASL EXTERNAL): user and password of the URL are not used.
    package var isExternal: Bool

    package init(
        authorityFile: String? = nil,
        certificateFile: String? = nil,
        keyFile: String? = nil,
        isExternal: Bool = false
    ) {
        self.authorityFile = authorityFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.isExternal = isExternal
    }
}
