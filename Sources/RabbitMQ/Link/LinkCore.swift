import Logging

/// The life of one connection and of the roles on its channels, turned by its actor's event loop.
///
/// Survives every loss: dials again with full jitter over shuffled hosts, and lets each role set its channel up anew.
final class LinkCore {
    private enum State {
        case idle
        case dialling
        case online(Wire, since: Instant)
        case waiting(until: Instant)
        case closing(Wire, until: Instant)
        case closed
    }

    private struct ConnectWaiter {
        let deadline: Instant
        let continuation: CheckedContinuation<Result<Void, AMQPError>, Never>
    }

    let configuration: AMQPConfiguration
    private let loop: EventLoop
    private let logger: Logger
    private let events: AsyncStream<AMQPLinkEvent>.Continuation
    private let dialler = Dialler()
    private var state = State.idle
    private var backoff: Backoff
    private var roles: [any ChannelRole] = []
    private var byChannel: [(any ChannelRole)?] = [nil]
    private var connectWaiters: [ConnectWaiter] = []
    private var closeWaiters: [CheckedContinuation<Void, Never>] = []
    private var generation: UInt64 = 0

    /// Why the last attempt or connection ended; nil until something failed.
    private(set) var lastFailure: String?
    /// Set while the broker blocks this connection.
    private(set) var blockedReason: String?

    /// Events nobody reads are dropped, the oldest first, beyond 256.
    static func makeEvents() -> (
        stream: AsyncStream<AMQPLinkEvent>, continuation: AsyncStream<AMQPLinkEvent>.Continuation
    ) {
        AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(256))
    }

    init(
        configuration: AMQPConfiguration,
        loop: EventLoop,
        events: AsyncStream<AMQPLinkEvent>.Continuation,
        logger: Logger
    ) {
        self.configuration = configuration
        self.loop = loop
        self.events = events
        self.logger = logger
        backoff = configuration.backoff
    }

    /// The connection, if methods may be sent on it.
    var wire: Wire? {
        if case .online(let wire, _) = state { wire } else { nil }
    }

    var isClosed: Bool {
        switch state {
        case .closing, .closed: true
        default: false
        }
    }

    /// Numbers the openings of channels, so that a tag of an earlier one is known as stale.
    func nextGeneration() -> UInt64 {
        generation += 1
        return generation
    }

    func emit(_ event: AMQPLinkEvent) {
        switch event {
        case .connected(let host): logger.info("connected to the broker", metadata: ["host": "\(host)"])
        case .disconnected(let reason): logger.info("connection to the broker lost", metadata: ["reason": "\(reason)"])
        case .blocked(let reason): logger.info("the broker blocks publishing", metadata: ["reason": "\(reason)"])
        case .unblocked: logger.info("the broker takes publishes again")
        default: logger.debug("link event", metadata: ["event": "\(event)"])
        }
        events.yield(event)
    }

    func start(driver: any LoopDriver) {
        guard case .idle = state else { return }
        loop.attach(driver)
        dial()
        loop.wake()
    }

    func waitUntilConnected(
        _ deadline: Instant,
        _ continuation: CheckedContinuation<Result<Void, AMQPError>, Never>
    ) {
        if wire != nil { return continuation.resume(returning: .success(())) }
        if isClosed { return continuation.resume(returning: .failure(.shutDown)) }
        connectWaiters.append(ConnectWaiter(deadline: deadline, continuation: continuation))
    }

    /// Ends the connection in order, within two seconds at most; every role is shut down.
    func close(now: Instant, _ continuation: CheckedContinuation<Void, Never>) {
        closeWaiters.append(continuation)
        switch state {
        case .closed: finishClose()
        case .closing: break
        case .idle, .dialling, .waiting: finishClose()
        case .online(let wire, _):
            for role in roles { role.queueMethods(wire, now: now, isLast: true) }
            wire.enqueue(.connectionClose, channel: 0)
            state = .closing(wire, until: now + .seconds(2))
        }
    }

    private func finishClose() {
        loop.unwatch()
        state = .closed
        for role in roles { role.shutDown() }
        roles.removeAll()
        byChannel = [nil]
        events.finish()
        for waiter in connectWaiters { waiter.continuation.resume(returning: .failure(.shutDown)) }
        connectWaiters.removeAll()
        for waiter in closeWaiters { waiter.resume() }
        closeWaiters.removeAll()
    }

    /// Gives the role the lowest free channel and, when connected, lets it begin.
    func register(_ role: any ChannelRole, now: Instant) throws(AMQPError) {
        if isClosed { throw .shutDown }
        let limit = wire?.channelMax ?? 2_047
        let free = byChannel.indices.dropFirst().first { byChannel[$0] == nil } ?? byChannel.count
        guard free <= limit else { throw .tooManyChannels }
        if free == byChannel.count { byChannel.append(nil) }
        byChannel[free] = role
        role.channel = UInt16(free)
        roles.append(role)
        if let wire { role.connected(wire, now: now) }
    }

    private func forgetRetired() {
        guard roles.contains(where: { $0.isRetired }) else { return }
        for role in roles where role.isRetired { byChannel[Int(role.channel)] = nil }
        roles.removeAll { $0.isRetired }
    }

    /// Reads, acts on what is due, writes. Answers the milliseconds until it must be called again.
    func turn(_ readiness: SocketReadiness) -> Int32 {
        let now = Instant.now
        takeDialled(now)
        do throws(LinkFailure) {
            switch state {
            case .online(let wire, _): try work(wire, readiness, now)
            case .closing(let wire, let until): try finish(wire, until, readiness, now)
            default: for role in roles { try role.tick(now) }
            }
        } catch {
            lost(error.reason, now: now)
        }
        expireConnectWaiters(now)
        if case .waiting(let until) = state, until <= now { dial() }
        forgetRetired()
        return timeout(now)
    }

    private func work(_ wire: Wire, _ readiness: SocketReadiness, _ now: Instant) throws(LinkFailure) {
        if readiness.readable || wire.hasBufferedInput {
            try wire.receive(limit: 256, now: now) { (action, channel) throws(LinkFailure) in
                try self.dispatch(action, channel: channel, wire: wire, now: now)
            }
            for role in roles { role.readFinished() }
        }
        for role in roles { try role.tick(now) }
        for role in roles { role.queueMethods(wire, now: now, isLast: false) }
        try wire.sendMethods(now: now)
        for role in roles { try role.pump(wire, now: now) }
        try wire.keepAlive(now: now)
        wire.endTurn()
        loop.watch(wire.descriptor, write: wire.wantsWrite)
    }

    private func finish(
        _ wire: Wire,
        _ until: Instant,
        _ readiness: SocketReadiness,
        _ now: Instant
    ) throws(LinkFailure) {
        guard now < until else { throw LinkFailure("closed") }
        if readiness.readable || wire.hasBufferedInput {
            try wire.receive(limit: 256, now: now) { (action, _) throws(LinkFailure) in
                if case .method(.connectionCloseOK) = action { throw LinkFailure("closed") }
                if case .method(.connectionClose) = action { wire.enqueue(.connectionCloseOK, channel: 0) }
            }
        }
        try wire.sendMethods(now: now)
        wire.endTurn()
        loop.watch(wire.descriptor, write: wire.wantsWrite)
    }

    private func dispatch(
        _ action: FrameAssembler.Action,
        channel: UInt16,
        wire: Wire,
        now: Instant
    ) throws(LinkFailure) {
        switch action {
        case .none, .violation: break
        case .message(let message): try role(channel)?.receive(message, now: now)
        case .method(.connectionClose(let code, let text)):
            wire.enqueue(.connectionCloseOK, channel: 0)
            try wire.sendMethods(now: now)
            throw LinkFailure("\(code) \(text)")
        case .method(.blocked(let reason)):
            blockedReason = reason
            emit(.blocked(reason: reason))
        case .method(.unblocked):
            blockedReason = nil
            emit(.unblocked)
        case .method(.channelFlow(let active)): wire.enqueue(.channelFlowOK(active: active), channel: channel)
        case .method(let method):
            if case .channelClose = method { wire.enqueue(.channelCloseOK, channel: channel) }
            try role(channel)?.receive(method, now: now)
        }
    }

    private func role(_ channel: UInt16) -> (any ChannelRole)? {
        Int(channel) < byChannel.count ? byChannel[Int(channel)] : nil
    }

    private func dial() {
        state = .dialling
        dialler.dial(configuration, endpoints: configuration.endpoints.shuffled()) { [loop] in loop.wake() }
    }

    private func takeDialled(_ now: Instant) {
        guard let outcome = dialler.take(), case .dialling = state else { return }
        switch outcome {
        case .connected(let wire):
            state = .online(wire, since: now)
            blockedReason = nil
            loop.watch(wire.descriptor, write: false)
            emit(.connected(host: wire.host))
            for role in roles { role.connected(wire, now: now) }
            for waiter in connectWaiters { waiter.continuation.resume(returning: .success(())) }
            connectWaiters.removeAll()
        case .failed(let error):
            let reason = if case .notConnected(let reason) = error { reason } else { error.label }
            lastFailure = reason
            let delay = backoff.next(random: .random(in: 0..<1))
            state = .waiting(until: now + delay)
            emit(.connectFailed(reason: reason, retryIn: delay))
        }
    }

    private func lost(_ reason: String, now: Instant) {
        if case .closing = state { return finishClose() }
        guard case .online(_, let since) = state else { return }
        loop.unwatch()
        lastFailure = reason
        blockedReason = nil
        if now - since >= configuration.stableAfter { backoff.reset() }
        // The wire goes with the state: roles must not reach it any more.
        state = .waiting(until: now + backoff.next(random: .random(in: 0..<1)))
        for role in roles { role.disconnected(reason) }
        emit(.disconnected(reason: reason))
    }

    private func expireConnectWaiters(_ now: Instant) {
        guard connectWaiters.contains(where: { $0.deadline <= now }) else { return }
        let reason = lastFailure ?? "no answer yet"
        for waiter in connectWaiters where waiter.deadline <= now {
            waiter.continuation.resume(returning: .failure(.notConnected(reason: reason)))
        }
        connectWaiters.removeAll { $0.deadline <= now }
    }

    private func timeout(_ now: Instant) -> Int32 {
        var next: Instant?
        func consider(_ instant: Instant?) {
            guard let instant else { return }
            next = min(next ?? instant, instant)
        }
        switch state {
        case .online(let wire, _):
            if wire.hasBufferedInput { return 0 }
            consider(wire.nextKeepAlive)
        case .waiting(let until): consider(until)
        case .closing(let wire, let until):
            if wire.hasBufferedInput { return 0 }
            consider(until)
        case .idle, .dialling, .closed: break
        }
        for role in roles { consider(role.nextDeadline) }
        for waiter in connectWaiters { consider(waiter.deadline) }
        guard let next else { return -1 }
        let (seconds, attoseconds) = (next - now).components
        if seconds < 0 || attoseconds < 0 { return 0 }
        // Rounded up: waking a moment too early would only spin.
        return Int32(clamping: min(seconds, 3_600) * 1_000 + attoseconds / 1_000_000_000_000_000 + 1)
    }
}
