package import Logging
import ServiceLifecycle

/// A connection for requests: declare, bind, count, purge, get. One actor, one thread; requests run side by side.
///
/// A request answers by its deadline. One that the broker refuses costs its own channel only. Lasting (as a `Service`) or
/// for a moment: it connects with the first request, and needs `close()` at the end.
package actor AMQPControl: Service, LoopDriver {
    private nonisolated let lease: EventLoop.Lease
    private let core: LinkCore
    private let pool: ControlPool
    private var isStarted = false

    /// For one reader; ends when the link is closed.
    package nonisolated let events: AsyncStream<AMQPLinkEvent>

    package nonisolated var unownedExecutor: UnownedSerialExecutor { lease.loop.asUnownedSerialExecutor() }

    /// - Parameter maximumChannels: requests at once, beside one basic.get a queue.
    package init(_ configuration: AMQPConfiguration, maximumChannels: Int = 16, logger: Logger) {
        let lease = EventLoop.Lease(name: "amqp-control")
        let events = LinkCore.makeEvents()
        let core = LinkCore(configuration: configuration, loop: lease.loop, events: events.continuation, logger: logger)
        self.lease = lease
        self.events = events.stream
        self.core = core
        pool = ControlPool(core: core, maximumChannels: max(1, maximumChannels))
    }

    nonisolated func turn(_ readiness: SocketReadiness) -> Int32 { assumeIsolated { $0.core.turn(readiness) } }

    /// Begins to connect, and to connect again after every loss. Returns at once; every request does it too.
    package func start() throws(AMQPError) {
        guard !isStarted else { return }
        isStarted = true
        try core.register(pool, now: .now)
        core.start(driver: self)
    }

    /// Throws `notConnected` with the last failure at the deadline; the attempts go on.
    package func waitUntilConnected(within timeout: Duration) async throws(AMQPError) {
        try start()
        let result = await withCheckedContinuation { core.waitUntilConnected(.now + timeout, $0) }
        try result.get()
    }

    package func close() async {
        await withCheckedContinuation { core.close(now: .now, $0) }
    }

    /// Starts, runs until a graceful shutdown or cancellation, closes.
    package func run() async throws {
        try start()
        try? await gracefulShutdown()
        await close()
    }

    /// Settles of messages got that were dropped, since the start.
    package var staleSettles: Int { pool.staleSettles }

    func perform(
        _ method: OutboundMethod,
        queue: String? = nil,
        deadline: Duration
    ) async throws(AMQPError) -> ControlChannel.Answer {
        if let defect = method.defect { throw .invalid(defect) }
        try start()
        let deadline = Instant.now + deadline
        let result = await withCheckedContinuation { continuation in
            pool.submit(
                ControlChannel.Request(method, deadline: deadline, continuation: continuation),
                queue: queue
            )
        }
        return try result.get()
    }

    func settle(_ tag: DeliveryTag, _ settle: AckCoalescer.Settle) -> Bool { pool.settle(tag, settle) }

    func closeChannel(ofQueue queue: String) { pool.closeChannel(ofQueue: queue) }
}
