/// Sends HTTP/1.1 and HTTP/2 requests, each once: retries belong to the job layer. Redirects are not followed, proxies and
/// cookies of the environment are not used, responses are not decompressed.
///
/// One thread of its own drives all transfers; connections are kept and shared between requests. Safe from any task.
package final class HTTPClient: Sendable {
    package struct Configuration: Sendable {
        /// The thread's name.
        package var name = "http"
        package var addresses: AddressPolicy
        /// Requests under way at a time.
        package var maxInFlight = 64
        /// Connections to one host at a time, 0 for any number. With HTTP/2 requests beyond the peer's limit of streams then
        /// wait for one instead of opening another connection.
        package var maxConnectionsPerHost = 0
        /// Requests that wait for a slot; more are refused as `overloaded`.
        package var maxWaiting = 1024
        /// Name resolution, TCP and TLS together.
        package var connectTimeout: Duration = .seconds(5)
        /// A transfer in which nothing moves for so long ends as a timeout, if its own did not come first.
        package var stalledTimeout: Duration = .seconds(30)
        package var userAgent = "checkin-jobs"
        package var tls = TLSVerification()

        package init(addresses: AddressPolicy = .globalOnly) { self.addresses = addresses }
    }

    private let configuration: Configuration
    private let loop: CurlLoop
    private let gate: TransferGate

    package init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        loop = CurlLoop(
            name: configuration.name,
            maxConnections: max(1, configuration.maxInFlight),
            maxConnectionsPerHost: max(0, configuration.maxConnectionsPerHost)
        )
        gate = TransferGate(slots: configuration.maxInFlight, maxWaiting: configuration.maxWaiting)
    }

    deinit { loop.stop() }

    /// Returns the response whatever its status. Cancelling the task aborts the transfer.
    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        try request.check()
        let entered = ContinuousClock.now
        let slot: Int
        do { slot = try await gate.enter(patience: request.timeout) } catch { throw HTTPError(error) }
        defer { gate.leave(slot) }
        let remaining = request.timeout - (ContinuousClock.now - entered)
        guard remaining > .zero else { throw .timeout(sent: false) }

        let result = await loop.run(plan(request, remaining: remaining))
        if let failure = result.failure { throw HTTPError(failure, result) }
        return HTTPResponse(
            status: result.status,
            headers: result.head.headers,
            body: result.body,
            httpMajorVersion: result.httpMajorVersion,
            openedConnection: result.openedConnection
        )
    }

    /// Aborts what is under way (`cancelled`) and refuses what comes (`closed`).
    package func close() {
        gate.close()
        loop.stop()
    }

    private func plan(_ request: HTTPRequest, remaining: Duration) -> TransferPlan {
        var lines = request.headerLines
        if request.headers["User-Agent"] == nil { lines.append("User-Agent: \(configuration.userAgent)") }
        return TransferPlan(
            url: request.url,
            exchange: .http(method: request.method, headers: lines, version: request.version),
            body: request.body,
            timeouts: TransferTimeouts(
                total: remaining,
                connect: configuration.connectTimeout,
                stalled: configuration.stalledTimeout
            ),
            maxResponseBytes: request.maxResponseBytes,
            tls: configuration.tls,
            credentials: nil,
            addresses: configuration.addresses
        )
    }
}
