/// One subscription on its own channel: opens, subscribes, and does so again after every interruption.
final class ConsumeChannel: ChannelRole {
    private enum Phase {
        case offline
        case opening(until: Instant)
        case limiting(until: Instant)
        case subscribing(until: Instant)
        case active
        /// Unsubscribing, to subscribe with another limit.
        case renewing(until: Instant)
        /// Unsubscribed until no more is unsettled than the new limit allows.
        case shedding
        /// The subscription ended without us. The channel may still be open, and its tags good.
        case waiting(until: Instant)
        /// Closing the channel of a stalled subscription, to open another.
        case reopening(until: Instant)
        case cancelling(until: Instant)
        /// Subscribed no more by our wish; settles are still taken while the channel lives.
        case cancelled
        case closing(until: Instant)
        case closed
    }

    /// How long acknowledgements out of order may wait for the front to catch up with them: one frame and one command of
    /// the queue then settle hundreds. A crash within it leads to a redelivery, as one before the frame's arrival does.
    private static let gathering: Duration = .milliseconds(5)

    private unowned let core: LinkCore
    private let queue: String
    private var prefetch: UInt16
    /// What the channel was last told.
    private var appliedPrefetch: UInt16 = 0
    private var subscription: UInt32 = 0
    private let consumerTag: String
    private let arguments: AMQPTable
    let mailbox = DeliveryMailbox()

    private var phase = Phase.offline
    private var generation: UInt64 = 0
    /// From our channel.open until either side's close.
    private var isOpen = false
    private var coalescer = AckCoalescer()
    private var scatteredSince: Instant?
    private var fresh: [AMQPDelivery] = []
    private var backoff: Backoff
    private var stall: StallWatch
    private var wantsCancel = false
    private var cancelWaiters: [CheckedContinuation<Void, Never>] = []
    private var closeWaiters: [CheckedContinuation<Void, Never>] = []

    /// Settles dropped because their channel was gone or their tag settled before.
    private(set) var staleSettles = 0
    var channel: UInt16 = 0

    init(core: LinkCore, queue: String, prefetch: UInt16, consumerTag: String, arguments: AMQPTable) {
        self.core = core
        self.queue = queue
        self.prefetch = prefetch
        self.consumerTag = consumerTag
        self.arguments = arguments
        backoff = core.configuration.backoff
        stall = StallWatch(interval: core.configuration.stallCheck)
    }

    var isRetired: Bool {
        if case .closed = phase { true } else { false }
    }

    /// Each subscription has a tag of its own: a quorum queue keeps a cancelled one while something of it is unsettled, and
    /// would take another by that name for the same.
    static func tag(_ tag: String, subscription: UInt32) -> String {
        subscription == 0 ? tag : "\(tag)+\(subscription)"
    }

    private var currentTag: String { Self.tag(consumerTag, subscription: subscription) }

    /// Delivered and not settled on the channel as it is now.
    var outstanding: Int { coalescer.outstanding }

    /// - Returns: how many were stale.
    func settle(_ tags: [DeliveryTag], _ settle: AckCoalescer.Settle) -> Int {
        var stale = 0
        for tag in tags where tag.generation != generation || !coalescer.settle(tag.number, settle) { stale += 1 }
        staleSettles += stale
        return stale
    }

    func setPrefetch(_ prefetch: UInt16, now: Instant) {
        self.prefetch = prefetch
        if case .active = phase { renewIfNeeded(now) }
    }

    private func renewIfNeeded(_ now: Instant) {
        guard prefetch != appliedPrefetch, let wire = core.wire else { return }
        stall.rest()
        wire.enqueue(.cancel(tag: currentTag), channel: channel)
        phase = .renewing(until: now + core.configuration.replyTimeout)
    }

    func cancel(now: Instant, _ continuation: CheckedContinuation<Void, Never>) {
        wantsCancel = true
        switch phase {
        case .cancelled, .closing, .closed: return continuation.resume()
        case .offline, .waiting, .shedding:
            cancelWaiters.append(continuation)
            becomeCancelled()
        case .active:
            cancelWaiters.append(continuation)
            beginCancel(now)
        case .opening, .limiting, .subscribing, .renewing, .reopening, .cancelling: cancelWaiters.append(continuation)
        }
    }

    func close(now: Instant, _ continuation: CheckedContinuation<Void, Never>) {
        wantsCancel = true
        mailbox.discard()
        mailbox.finish()
        switch phase {
        case .closed: return continuation.resume()
        case .closing: closeWaiters.append(continuation)
        default:
            closeWaiters.append(continuation)
            guard isOpen, let wire = core.wire else { return becomeClosed() }
            queueMethods(wire, now: now, isLast: true)
            wire.enqueue(.channelClose, channel: channel)
            endGeneration()
            phase = .closing(until: now + core.configuration.replyTimeout)
        }
    }

    private func beginCancel(_ now: Instant) {
        stall.rest()
        core.wire?.enqueue(.cancel(tag: currentTag), channel: channel)
        phase = .cancelling(until: now + core.configuration.replyTimeout)
    }

    private func becomeCancelled() {
        handOver()
        mailbox.finish()
        phase = .cancelled
        for waiter in cancelWaiters { waiter.resume() }
        cancelWaiters.removeAll()
    }

    private func becomeClosed() {
        endGeneration()
        mailbox.finish()
        phase = .closed
        for waiter in cancelWaiters + closeWaiters { waiter.resume() }
        cancelWaiters.removeAll()
        closeWaiters.removeAll()
    }

    /// From here on the tags given out are stale.
    private func endGeneration() {
        stall.rest()
        generation = 0
        coalescer = AckCoalescer()
        scatteredSince = nil
        fresh.removeAll()
        mailbox.discard()
    }

    private func handOver() {
        guard !fresh.isEmpty else { return }
        mailbox.put(fresh)
        fresh.removeAll(keepingCapacity: true)
    }

    // What the link tells.

    func connected(_ wire: Wire, now: Instant) {
        if wantsCancel { return }
        generation = core.nextGeneration()
        isOpen = true
        wire.enqueue(.channelOpen, channel: channel)
        phase = .opening(until: now + core.configuration.replyTimeout)
    }

    func disconnected(_ reason: String) {
        isOpen = false
        endGeneration()
        if case .closing = phase { return becomeClosed() }
        if wantsCancel { return becomeCancelled() }
        phase = .offline
    }

    func shutDown() { becomeClosed() }

    func receive(_ method: InboundMethod, now: Instant) throws(LinkFailure) {
        guard let wire = core.wire else { return }
        let until = now + core.configuration.replyTimeout
        switch (method, phase) {
        case (.channelOpenOK, .opening):
            if wantsCancel { return becomeCancelled() }
            limit(wire, until: until)
        case (.qosOK, .limiting):
            if wantsCancel { return becomeCancelled() }
            subscribe(wire, until: until)
        case (.consumeOK, .subscribing):
            core.emit(.subscribed(queue: queue))
            phase = .active
            stall.heard(now)
            if wantsCancel { beginCancel(now) } else { renewIfNeeded(now) }
        case (.cancelOK, .renewing):
            if wantsCancel { return becomeCancelled() }
            subscription &+= 1
            phase = .shedding
            subscribeWhenShed(wire, until: until)
        case (.cancelOK, .cancelling): becomeCancelled()
        case (.cancel, .active), (.cancel, .subscribing), (.cancel, .renewing):
            if wantsCancel { return becomeCancelled() }
            core.emit(.cancelledByBroker(queue: queue))
            stall.rest()
            phase = .waiting(until: now + backoff.next(random: .random(in: 0..<1)))
        case (.cancel, .cancelling): becomeCancelled()
        case (.queueDeclareOK(let messages, _), .active):
            guard stall.ready(Int(messages), now: now) == .renew else { return }
            core.emit(.stalled(queue: queue))
            beginAnew(wire, now)
        case (.channelCloseOK, .reopening):
            if wantsCancel { return becomeCancelled() }
            connected(wire, now: now)
        case (.channelClose(let code, let text), _): channelClosed(code: code, text: text, now: now)
        case (.channelCloseOK, .closing): becomeClosed()
        default: break
        }
    }

    /// What runs keeps its tags: then only the subscription is another. Else the channel is too, and whatever the broker
    /// believes it to hold goes back.
    private func beginAnew(_ wire: Wire, _ now: Instant) {
        stall.rest()
        let until = now + core.configuration.replyTimeout
        if coalescer.outstanding > 0 {
            wire.enqueue(.cancel(tag: currentTag), channel: channel)
            phase = .renewing(until: until)
        } else {
            queueMethods(wire, now: now, isLast: true)
            wire.enqueue(.channelClose, channel: channel)
            isOpen = false
            endGeneration()
            phase = .reopening(until: until)
        }
    }

    private func limit(_ wire: Wire, until: Instant) {
        appliedPrefetch = prefetch
        wire.enqueue(.qos(prefetch: prefetch), channel: channel)
        phase = .limiting(until: until)
    }

    /// The limit is told first if it has changed since: it holds for subscriptions made after it.
    private func subscribe(_ wire: Wire, until: Instant) {
        guard prefetch == appliedPrefetch else { return limit(wire, until: until) }
        wire.enqueue(.consume(queue: queue, tag: currentTag, arguments: arguments), channel: channel)
        phase = .subscribing(until: until)
    }

    /// The broker counts only the new subscription's deliveries against its limit.
    private func subscribeWhenShed(_ wire: Wire, until: Instant) {
        guard coalescer.outstanding < prefetch else { return }
        subscribe(wire, until: until)
    }

    private func channelClosed(code: UInt16, text: String, now: Instant) {
        isOpen = false
        endGeneration()
        if case .closing = phase { return becomeClosed() }
        if wantsCancel { return becomeCancelled() }
        let delay = backoff.next(random: .random(in: 0..<1))
        core.emit(.subscriptionFailed(queue: queue, code: code, text: text, retryIn: delay))
        phase = .waiting(until: now + delay)
    }

    func receive(_ message: InboundMessage, now: Instant) throws(LinkFailure) {
        if case .closing = phase { return }
        guard let delivery = message.delivery(generation: generation) else { return }
        guard coalescer.delivered(delivery.tag.number) else { throw LinkFailure("delivery tags out of order") }
        backoff.reset()
        stall.heard(now)
        fresh.append(delivery)
    }

    func readFinished() { handOver() }

    func queueMethods(_ wire: Wire, now: Instant, isLast: Bool) {
        guard coalescer.hasCommands else { return }
        let isDue = scatteredSince.map { $0 + Self.gathering <= now } ?? false
        // A quarter of the credit is not kept from the broker for long, however slow the job at the front is.
        let isMuch = coalescer.scattered * 4 >= Int(prefetch)
        let commands = coalescer.flush(keepingScattered: !(isLast || isDue || isMuch))
        for command in commands { wire.enqueue(command.method, channel: channel) }
        scatteredSince = coalescer.scattered > 0 ? scatteredSince ?? now : nil
    }

    var nextDeadline: Instant? {
        [phaseDeadline, stall.deadline, scatteredSince.map { $0 + Self.gathering }].compactMap { $0 }.min()
    }

    private var phaseDeadline: Instant? {
        switch phase {
        case .opening(let until), .limiting(let until), .subscribing(let until), .renewing(let until),
            .waiting(let until), .reopening(let until), .cancelling(let until), .closing(let until):
            until
        case .offline, .active, .shedding, .cancelled, .closed: nil
        }
    }

    func tick(_ now: Instant) throws(LinkFailure) {
        if case .shedding = phase, let wire = core.wire {
            subscribeWhenShed(wire, until: now + core.configuration.replyTimeout)
        }
        if case .active = phase, let wire = core.wire {
            switch stall.look(hasCredit: coalescer.outstanding < appliedPrefetch, now: now) {
            case .ask:
                let question = OutboundMethod.queueDeclare(name: queue, passive: true, durable: true, arguments: [:])
                wire.enqueue(question, channel: channel)
            case .renew: beginAnew(wire, now)
            case nil: break
            }
        }
        guard let due = phaseDeadline, due <= now else { return }
        guard case .waiting = phase else { throw LinkFailure("no answer on the channel of \(queue)") }
        guard let wire = core.wire else { return }
        if isOpen {
            subscribe(wire, until: now + core.configuration.replyTimeout)
        } else {
            connected(wire, now: now)
        }
    }
}
