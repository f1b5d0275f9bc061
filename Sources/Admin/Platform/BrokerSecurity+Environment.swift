package import Cluster
import Foundation

extension BrokerSecurity {
    private enum Name {
        static let authority = "JOBS_BROKER_CA_FILE"
        static let certificate = "JOBS_BROKER_CERT_FILE"
        static let key = "JOBS_BROKER_KEY_FILE"
        static let login = "JOBS_BROKER_AUTH"
    }

    /// Reads `JOBS_BROKER_CA_FILE`, `JOBS_BROKER_CERT_FILE`, `JOBS_BROKER_KEY_FILE` and `JOBS_BROKER_AUTH` (`plain`, the
    /// default, or `external`). Looks at each file, so that a mistake is told before the first connection fails by it.
    package static func fromEnvironment(
        _ environment: [String: String],
        broker: String?,
        management: String?
    ) throws(ConfigurationError) -> BrokerSecurity {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let security = BrokerSecurity(
            authorityFile: value(Name.authority),
            certificateFile: value(Name.certificate),
            keyFile: value(Name.key),
            isExternal: try isExternal(value(Name.login))
        )
        let isEncrypted = broker?.lowercased().hasPrefix("amqps://") == true
        let usesAuthority = isEncrypted || management?.lowercased().hasPrefix("https://") == true
        if security.authorityFile != nil, !usesAuthority { throw needless(Name.authority) }
        if security.certificateFile != nil, !isEncrypted { throw needless(Name.certificate) }
        if security.keyFile != nil, !isEncrypted { throw needless(Name.key) }
        if security.isExternal, !isEncrypted { throw needless("\(Name.login)=external") }
        try security.checkPair()
        for (name, path) in [
            (Name.authority, security.authorityFile), (Name.certificate, security.certificateFile),
            (Name.key, security.keyFile),
        ] {
            if let path { try NamedFile(path: path, variable: name).checkReadable() }
        }
        if let key = security.keyFile { try NamedFile(path: key, variable: Name.key).checkPrivate() }
        return security
    }

    private static func isExternal(_ word: String?) throws(ConfigurationError) -> Bool {
        switch word {
        case nil, "plain": return false
        case "external": return true
        default: throw ConfigurationError("\(Name.login) is no way to log in", remedy: "use plain or external")
        }
    }

    private static func needless(_ name: String) -> ConfigurationError {
        ConfigurationError("\(name) is set, but the broker is not reached by TLS", remedy: "use amqps://… or unset it")
    }

    private func checkPair() throws(ConfigurationError) {
        if certificateFile != nil, keyFile == nil {
            throw ConfigurationError("\(Name.key) is missing", remedy: "a client certificate needs its key")
        }
        if keyFile != nil, certificateFile == nil {
            throw ConfigurationError("\(Name.certificate) is missing", remedy: "a key needs its client certificate")
        }
        if isExternal, certificateFile == nil {
            throw ConfigurationError(
                "\(Name.login)=external without a client certificate",
                remedy: "set \(Name.certificate) and \(Name.key)"
            )
        }
    }
}
