package import Logging
import ServiceLifecycle

/// Publishes with confirms over a connection of its own. One actor, one thread; a call costs one hop each way, whatever
/// the size of its batch.
///
/// A message is `success` only when the broker has confirmed it. A call always answers by its deadline (give or take a
/// few ms), whatever the broker or the network does. Nothing is republished by itself: after `unconfirmed` the caller
/// retries with the same message id. Needs `close()` (or `run()` as a `Service`) to end in order.
package actor AMQPPublisher: Service, LoopDriver {
    package struct Options: Sendable {
        /// Most messages sent and not yet confirmed. Default 4096.
        package var window = 4_096
        /// Most messages waiting to be sent, and their bytes. Beyond: `bufferFull`. Defaults 65 536 and 64 MiB.
        package var bufferedMessages = 65_536
        package var bufferedBytes = 64 << 20
        /// Bodies above this are `tooLarge`. Default 8 MiB.
        package var maximumBody = 8 << 20
        /// While the broker blocks or is away: true = fail at once, false (default) = wait until the deadline.
        package var failAtOnce = false
        /// A message unanswered for this long, while not blocked, ends the connection. Default 30 s.
        package var confirmTimeout: Duration = .seconds(30)
        /// How long `close()` waits for confirms. Default 5 s.
        package var drainTimeout: Duration = .seconds(5)

        package init() {}
    }

    private nonisolated let lease: EventLoop.Lease
    private let options: Options
    private let core: LinkCore
    private let role: PublishChannel
    private var isStarted = false

    /// For one reader; ends when the publisher is closed.
    package nonisolated let events: AsyncStream<AMQPLinkEvent>

    package nonisolated var unownedExecutor: UnownedSerialExecutor { lease.loop.asUnownedSerialExecutor() }

    package init(_ configuration: AMQPConfiguration, options: Options = Options(), logger: Logger) {
        let lease = EventLoop.Lease(name: "amqp-publish")
        let events = LinkCore.makeEvents()
        let core = LinkCore(configuration: configuration, loop: lease.loop, events: events.continuation, logger: logger)
        self.lease = lease
        self.events = events.stream
        self.options = options
        self.core = core
        role = PublishChannel(core: core, options: options)
    }

    nonisolated func turn(_ readiness: SocketReadiness) -> Int32 { assumeIsolated { $0.core.turn(readiness) } }

    /// Begins to connect, and to connect again after every loss. Returns at once.
    package func start() throws(AMQPError) {
        guard !isStarted else { return }
        isStarted = true
        try core.register(role, now: .now)
        core.start(driver: self)
    }

    /// Throws `notConnected` with the last failure at the deadline; the attempts go on.
    package func waitUntilConnected(within timeout: Duration) async throws(AMQPError) {
        try start()
        let result = await withCheckedContinuation { core.waitUntilConnected(.now + timeout, $0) }
        try result.get()
    }

    /// Publishes a batch in order; the results stand in the order of the messages.
    ///
    /// - Parameter deadline: from now; messages without an answer by then end as `unconfirmed` (sent) or with the reason
    ///   they were not sent.
    package func publish(
        _ messages: [AMQPMessage],
        deadline: Duration
    ) async -> [Result<Void, AMQPPublishError>] {
        guard !messages.isEmpty else { return [] }
        // Before `start` nothing would turn the loop, and so nothing keep the deadline.
        try? start()
        let deadline = Instant.now + deadline
        return await withCheckedContinuation { continuation in
            role.submit(PublishBatch(messages, deadline: deadline, continuation: continuation))
        }
    }

    package func publish(_ message: AMQPMessage, deadline: Duration) async throws(AMQPPublishError) {
        try await publish([message], deadline: deadline)[0].get()
    }

    /// Sent and not yet answered.
    package var inFlight: Int { role.inFlight }

    /// Why the broker takes no publishes from this connection now, or nil.
    package var blockedReason: String? { core.blockedReason }

    package var isConnected: Bool { core.wire != nil }

    /// Takes no more messages, waits for the confirms of those taken (`drainTimeout` at most), closes the connection.
    package func close() async {
        if isStarted, !core.isClosed {
            let deadline = Instant.now + options.drainTimeout
            await withCheckedContinuation { role.drain(deadline, $0) }
        }
        await withCheckedContinuation { core.close(now: .now, $0) }
    }

    /// Starts, runs until a graceful shutdown or cancellation, closes.
    package func run() async throws {
        try start()
        try? await gracefulShutdown()
        await close()
    }
}
