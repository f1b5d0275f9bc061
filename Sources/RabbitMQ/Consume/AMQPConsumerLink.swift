package import Logging
import ServiceLifecycle

/// A connection for subscriptions, each on a channel of its own. One actor, one thread.
///
/// It never publishes, so an alarm of the broker does not touch it. Needs `close()` (or `run()` as a `Service`) to end in
/// order; if it is lost instead, the broker gives everything unsettled to others.
package actor AMQPConsumerLink: Service, LoopDriver {
    private nonisolated let lease: EventLoop.Lease
    private let core: LinkCore
    private var subscriptions: [UInt64: ConsumeChannel] = [:]
    private var nextID: UInt64 = 0
    private var isStarted = false
    private var staleOfEnded = 0

    /// For one reader; ends when the link is closed.
    package nonisolated let events: AsyncStream<AMQPLinkEvent>

    package nonisolated var unownedExecutor: UnownedSerialExecutor { lease.loop.asUnownedSerialExecutor() }

    package init(_ configuration: AMQPConfiguration, logger: Logger) {
        let lease = EventLoop.Lease(name: "amqp-consume")
        let events = LinkCore.makeEvents()
        self.lease = lease
        self.events = events.stream
        core = LinkCore(configuration: configuration, loop: lease.loop, events: events.continuation, logger: logger)
    }

    nonisolated func turn(_ readiness: SocketReadiness) -> Int32 { assumeIsolated { $0.core.turn(readiness) } }

    /// Begins to connect, and to connect again after every loss. Returns at once.
    package func start() {
        guard !isStarted else { return }
        isStarted = true
        core.start(driver: self)
    }

    /// Throws `notConnected` with the last failure at the deadline; the attempts go on.
    package func waitUntilConnected(within timeout: Duration) async throws(AMQPError) {
        start()
        let result = await withCheckedContinuation { core.waitUntilConnected(.now + timeout, $0) }
        try result.get()
    }

    package var isConnected: Bool { core.wire != nil }

    /// Subscribes, now or as soon as the broker and the queue are there: what hinders it is told by `events`.
    ///
    /// - Parameters:
    ///   - prefetch: most deliveries not yet settled, 1 to 65 535; also bounds what waits here.
    ///   - consumerTag: the name shown by the broker; unique within the link, nil = made up.
    package func consume(
        queue: String,
        prefetch: Int,
        consumerTag: String? = nil,
        arguments: AMQPTable = AMQPTable()
    ) async throws(AMQPError) -> AMQPConsumer {
        guard let count = UInt16(exactly: prefetch), count > 0 else {
            throw .invalid("prefetch \(prefetch), not 1…65535")
        }
        let tag = consumerTag ?? "\(core.configuration.connectionName)-\(nextID)"
        let longest = ConsumeChannel.tag(tag, subscription: .max)
        if let defect = OutboundMethod.consume(queue: queue, tag: longest, arguments: arguments).defect {
            throw .invalid(defect)
        }
        start()
        let role = ConsumeChannel(core: core, queue: queue, prefetch: count, consumerTag: tag, arguments: arguments)
        try core.register(role, now: .now)
        let id = nextID
        nextID += 1
        subscriptions[id] = role
        return AMQPConsumer(queue: queue, link: self, mailbox: role.mailbox, id: id)
    }

    /// Settles that were dropped because their delivery's channel was gone, since the start.
    package var staleSettles: Int { subscriptions.values.reduce(staleOfEnded) { $0 + $1.staleSettles } }

    /// Closes the connection: everything unsettled goes back to its queue. Consumers end.
    package func close() async {
        await withCheckedContinuation { core.close(now: .now, $0) }
    }

    /// Starts, runs until a graceful shutdown or cancellation, closes.
    package func run() async throws {
        start()
        try? await gracefulShutdown()
        await close()
    }

    func settle(_ id: UInt64, _ tags: [DeliveryTag], _ settle: AckCoalescer.Settle) -> Int {
        guard let role = subscriptions[id] else {
            staleOfEnded += tags.count
            return tags.count
        }
        return role.settle(tags, settle)
    }

    func setPrefetch(_ id: UInt64, _ prefetch: Int) {
        subscriptions[id]?.setPrefetch(UInt16(clamping: max(1, prefetch)), now: .now)
    }

    func cancel(_ id: UInt64) async {
        guard let role = subscriptions[id] else { return }
        await withCheckedContinuation { role.cancel(now: .now, $0) }
    }

    func close(_ id: UInt64) async {
        guard let role = subscriptions[id] else { return }
        await withCheckedContinuation { role.close(now: .now, $0) }
        if subscriptions.removeValue(forKey: id) != nil { staleOfEnded += role.staleSettles }
    }

    func outstanding(_ id: UInt64) -> Int { subscriptions[id]?.outstanding ?? 0 }
}
