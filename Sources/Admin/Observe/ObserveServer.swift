import Foundation
import Hummingbird
import JobCore
import Logging
import ServiceLifecycle

/// `/healthz`, `/readyz` and `/metrics` of a long-running process, for orchestrators and Prometheus. Reads only; has no
/// login, so it belongs on an address that strangers cannot reach.
struct ObserveServer: Service {
    private let address: HTTPAddress
    private let platform: Platform
    private let metrics: PlatformMetrics
    private let logger: Logger

    init(_ address: HTTPAddress, _ platform: Platform, _ metrics: PlatformMetrics, logger: Logger) {
        self.address = address
        self.platform = platform
        self.metrics = metrics
        self.logger = logger
    }

    func run() async throws {
        try await HTTPService(address, logger: logger) { router() }.run()
    }

    private func router() -> Router<BasicRequestContext> {
        let router: Router<BasicRequestContext> = Router()
        router.get("healthz") { _, _ in ObserveServer.answer(.ok, "text/plain; charset=utf-8", "ok\n") }
        router.get("readyz") { _, _ in await readiness() }
        router.get("metrics") { _, _ in
            ObserveServer.answer(.ok, "text/plain; version=0.0.4; charset=utf-8", await metrics.page())
        }
        return router
    }

    /// Ready means: store and broker answer now.
    private func readiness() async -> Response {
        var problems: [String] = []
        do throws(StoreError) { _ = try await platform.store.now() } catch { problems.append("store: \(error.label)") }
        do throws(BrokerError) { try await platform.broker.ping() } catch { problems.append("broker: \(error.label)") }
        let text = problems.isEmpty ? "ready\n" : problems.joined(separator: "\n") + "\n"
        return ObserveServer.answer(problems.isEmpty ? .ok : .serviceUnavailable, "text/plain; charset=utf-8", text)
    }

    private static func answer(_ status: HTTPResponse.Status, _ type: String, _ text: String) -> Response {
        Response(
            status: status,
            headers: [.contentType: type],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
