import Hummingbird
import Logging
import ServiceLifecycle

/// A router on an address, until it is told to stop: what it serves is answered first.
struct HTTPService: Service {
    private let address: HTTPAddress
    private let router: @Sendable () -> Router<BasicRequestContext>
    private let logger: Logger

    init(
        _ address: HTTPAddress,
        logger: Logger,
        router: @escaping @Sendable () -> Router<BasicRequestContext>
    ) {
        self.address = address
        self.router = router
        self.logger = logger
    }

    func run() async throws {
        // The server's own lines are for whoever debugs it.
        var quiet = logger
        quiet.logLevel = .warning
        let application = Application(
            router: router(),
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port),
                serverName: "checkin-jobs"
            ),
            onServerRunning: { channel in
                let port = channel.localAddress?.port.map(String.init) ?? "?"
                logger.notice("answers HTTP", metadata: ["host": "\(address.host)", "port": "\(port)"])
            },
            logger: quiet
        )
        try await application.run()
    }
}

/// Where to listen: `127.0.0.1:9464`, `[::1]:9464`; port 0 lets the system choose.
struct HTTPAddress: Sendable, Equatable {
    let host: String
    let port: Int

    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty, !host.contains(" ") else { return nil }
        self.host = host
        self.port = port
    }

    var isLoopback: Bool { host == "::1" || host == "localhost" || host.hasPrefix("127.") }
}
