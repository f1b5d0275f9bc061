import Cluster
import JobCore

/// Whether what goes to the broker can be read on the way.
struct TransportCheck {
    private let configuration: PlatformConfiguration

    init(_ configuration: PlatformConfiguration) {
        self.configuration = configuration
    }

    /// Nil where nothing leaves the process.
    func run() -> Checkup? {
        guard case .cluster(let broker, _, _) = configuration.choice else { return nil }
        let security = configuration.security
        if broker.lowercased().hasPrefix("amqps://") {
            let authority = security.authorityFile.map { "against \($0)" } ?? "against the system's authorities"
            let login = security.isExternal ? "the client certificate" : "user and password"
            return .good("transport", "TLS to the broker, verified \(authority); logs in by \(login)")
        }
        guard !isLocal(broker) else { return .good("transport", "not encrypted, and the broker is on this host") }
        return .good(
            "transport",
            "not encrypted: payloads and the password can be read on the way to the broker",
            remedy: "use amqps://…, with JOBS_BROKER_CA_FILE for an authority of your own"
        )
    }

    private func isLocal(_ url: String) -> Bool {
        let location = url.split(separator: "@").last ?? ""
        let hosts = location.replacing("amqp://", with: "").split(separator: "/").first ?? ""
        return hosts.split(separator: ",").allSatisfy { host in
            ["localhost", "127.", "[::1]"].contains { host.hasPrefix($0) }
        }
    }
}
