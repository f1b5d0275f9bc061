/// The one channel of a publishing link, in confirm mode.
final class PublishChannel: ChannelRole {
    private enum Phase {
        case offline
        case opening(until: Instant)
        case selecting(until: Instant)
        case ready
        case waiting(until: Instant)
    }

    private struct Ticket {
        let batch: PublishBatch
        let index: Int
    }

    /// A message too long for one frame, of which `sent` bytes are out. Nothing else may go on the channel meanwhile.
    private struct Partial {
        let body: [UInt8]
        var sent = 0
    }

    /// How long a broker that has just called an alarm is given to answer what it had read before.
    private static let blockedGrace: Duration = .milliseconds(50)

    private unowned let core: LinkCore
    private let options: AMQPPublisher.Options
    private var phase = Phase.offline
    private var ledger = ConfirmLedger<Ticket>()
    private var queue = FirstInFirstOut<PublishBatch>()
    private var queuedMessages = 0
    private var queuedBytes = 0
    private var deadlines = DeadlineHeap<PublishBatch>()
    private var partial: Partial?
    private var channelBackoff = Backoff(limit: .seconds(5))
    private var blockedAt: Instant?
    private var isDraining = false
    private var drainWaiters: [(deadline: Instant, continuation: CheckedContinuation<Void, Never>)] = []

    var channel: UInt16 = 0
    var isRetired: Bool { false }

    init(core: LinkCore, options: AMQPPublisher.Options) {
        self.core = core
        self.options = options
    }

    /// Sent and not yet answered by the broker.
    var inFlight: Int { ledger.inFlight }

    func submit(_ batch: PublishBatch) {
        if core.isClosed || isDraining { return batch.expire(unsent: .shutDown) }
        if options.failAtOnce, let reason = unavailable { return batch.expire(unsent: reason) }
        let bytes = batch.messages.reduce(0) { $0 + $1.body.count + 256 }
        // A batch goes in whole or not at all: its caller then knows that nothing of it was sent.
        guard queuedMessages + batch.messages.count <= options.bufferedMessages,
            queuedBytes + bytes <= options.bufferedBytes
        else { return batch.expire(unsent: .bufferFull) }
        queuedMessages += batch.messages.count
        queuedBytes += bytes
        queue.append(batch)
        deadlines.insert(batch, deadline: batch.deadline)
    }

    /// Takes no more; resumes when all is answered, or at the deadline.
    func drain(_ deadline: Instant, _ continuation: CheckedContinuation<Void, Never>) {
        isDraining = true
        drainWaiters.append((deadline, continuation))
    }

    /// Why nothing can be sent at the moment, if something is known to be wrong.
    private var unavailable: AMQPPublishError? {
        if let reason = core.blockedReason { return .blocked(reason: reason) }
        if core.wire == nil, let reason = core.lastFailure { return .notConnected(reason: reason) }
        return nil
    }

    private var unsentReason: AMQPPublishError {
        if let unavailable { return unavailable }
        if core.wire == nil { return .notConnected(reason: "still connecting") }
        if case .ready = phase { return .bufferFull }
        return .notConnected(reason: "the channel is not open")
    }

    private func settle(_ ticket: Ticket, _ outcome: ConfirmLedger<Ticket>.Outcome) {
        switch outcome {
        case .confirmed: ticket.batch.settle(ticket.index, nil)
        case .rejected: ticket.batch.settle(ticket.index, .rejected)
        case .returned(let code, let text): ticket.batch.settle(ticket.index, .unroutable(code: code, text: text))
        }
    }

    // What the link tells.

    func connected(_ wire: Wire, now: Instant) {
        wire.enqueue(.channelOpen, channel: channel)
        phase = .opening(until: now + core.configuration.replyTimeout)
    }

    func disconnected(_ reason: String) {
        phase = .offline
        partial = nil
        for (ticket, _) in ledger.drain() { ticket.batch.settle(ticket.index, .unconfirmed) }
        failIfUnavailable()
    }

    func shutDown() {
        phase = .offline
        for (ticket, _) in ledger.drain() { ticket.batch.settle(ticket.index, .unconfirmed) }
        while let batch = queue.popFirst() { batch.expire(unsent: .shutDown) }
        for waiter in drainWaiters { waiter.continuation.resume() }
        drainWaiters.removeAll()
    }

    func receive(_ method: InboundMethod, now: Instant) throws(LinkFailure) {
        switch (method, phase) {
        case (.channelOpenOK, .opening):
            core.wire?.enqueue(.confirmSelect, channel: channel)
            phase = .selecting(until: now + core.configuration.replyTimeout)
        case (.confirmSelectOK, .selecting): phase = .ready
        case (.acknowledged(let tag, let multiple), .ready):
            channelBackoff.reset()
            ledger.answered(tag, multiple: multiple, positive: true, settle: settle)
        case (.rejected(let tag, let multiple), .ready):
            ledger.answered(tag, multiple: multiple, positive: false, settle: settle)
        case (.channelClose(let code, let text), _): channelClosed(code: code, text: text, now: now)
        default: break
        }
    }

    func receive(_ message: InboundMessage, now: Instant) throws(LinkFailure) {
        guard case .returned(let code, let text, _, _) = message.start else { return }
        ledger.returned(ReturnMatch(message.properties), code: code, text: text)
    }

    /// The broker names the exchange it refuses, not the message. Those to another exchange are merely unanswered.
    private func channelClosed(code: UInt16, text: String, now: Instant) {
        partial = nil
        let unanswered = ledger.drain()
        func isNamed(_ ticket: Ticket) -> Bool {
            text.contains("'\(ticket.batch.messages[ticket.index].exchange)'")
        }
        let namesOne = unanswered.contains { isNamed($0.token) }
        for (ticket, returned) in unanswered {
            if let returned {
                settle(ticket, returned)
            } else {
                let guilty = !namesOne || isNamed(ticket)
                ticket.batch.settle(ticket.index, guilty ? .channelClosed(code: code, text: text) : .unconfirmed)
            }
        }
        phase = .waiting(until: now + channelBackoff.next(random: .random(in: 0..<1)))
    }

    // Time.

    var nextDeadline: Instant? {
        let phaseDeadline: Instant? =
            switch phase {
            case .opening(let until), .selecting(let until), .waiting(let until): until
            case .offline, .ready: nil
            }
        let confirmDeadline = core.blockedReason == nil ? ledger.oldest.map { $0 + options.confirmTimeout } : nil
        let blockedDeadline = ledger.inFlight > 0 ? blockedAt.map { $0 + Self.blockedGrace } : nil
        return [phaseDeadline, confirmDeadline, blockedDeadline, deadlines.next, drainWaiters.map(\.deadline).min()]
            .compactMap { $0 }
            .min()
    }

    func tick(_ now: Instant) throws(LinkFailure) {
        deadlines.dropFront { $0.isFinished }
        while let batch = deadlines.popDue(now) { expire(batch) }
        failIfUnavailable()
        abandonIfBlocked(now)
        if !drainWaiters.isEmpty { checkDrained(now) }
        switch phase {
        case .opening(let until), .selecting(let until):
            if until <= now { throw LinkFailure("no answer to channel.open or confirm.select") }
        case .waiting(let until):
            if until <= now, let wire = core.wire { connected(wire, now: now) }
        case .ready:
            // A dead quorum answers nothing at all. While blocked the broker may hold answers back.
            if core.blockedReason == nil, let oldest = ledger.oldest, now - oldest > options.confirmTimeout {
                throw LinkFailure("no confirm for \(options.confirmTimeout)")
            }
        case .offline: break
        }
    }

    private func checkDrained(_ now: Instant) {
        let isEmpty = ledger.inFlight == 0 && queuedMessages == 0
        for waiter in drainWaiters where isEmpty || waiter.deadline <= now { waiter.continuation.resume() }
        drainWaiters.removeAll { isEmpty || $0.deadline <= now }
    }

    private func expire(_ batch: PublishBatch) {
        guard !batch.isFinished else { return }
        batch.expire(unsent: unsentReason)
        discardFinishedFront()
    }

    private func failIfUnavailable() {
        guard options.failAtOnce, !queue.isEmpty, let reason = unavailable else { return }
        while let batch = queue.popFirst() { batch.abandonUnsent(reason) }
        (queuedMessages, queuedBytes) = (0, 0)
    }

    /// What was sent as an alarm began may be answered only when it ends: callers that fail at once hear that it is unknown.
    private func abandonIfBlocked(_ now: Instant) {
        guard options.failAtOnce, core.blockedReason != nil else {
            blockedAt = nil
            return
        }
        let since = blockedAt ?? now
        blockedAt = since
        guard now >= since + Self.blockedGrace, ledger.inFlight > 0 else { return }
        for (ticket, returned) in ledger.abandon() {
            if let returned { settle(ticket, returned) } else { ticket.batch.settle(ticket.index, .unconfirmed) }
        }
    }

    // Sending.

    func pump(_ wire: Wire, now: Instant) throws(LinkFailure) {
        guard case .ready = phase else { return discardFinishedFront() }
        guard try finishPartial(wire, now: now) else { return }
        while core.blockedReason == nil, ledger.inFlight < options.window, let batch = queue.first {
            guard !batch.isAllSent else {
                popQueue()
                continue
            }
            guard try sendNext(of: batch, wire, now: now) else { return }
        }
        discardFinishedFront()
    }

    /// - Returns: false when there is no room for now.
    private func sendNext(of batch: PublishBatch, _ wire: Wire, now: Instant) throws(LinkFailure) -> Bool {
        let index = batch.next
        if let defect = batch.messages[index].defect(maximumBody: options.maximumBody) {
            batch.sentNext()
            batch.settle(index, defect)
            return true
        }
        let body = batch.messages[index].body
        let isWhole = body.count <= wire.fragment
        let id = batch.messages[index].properties.messageID
        let head = 1_200 + batch.messages[index].properties.encodedSize
        guard wire.hasRoom(head + (isWhole ? body.count : 0)) else { return false }
        let needsSequence = id == nil && batch.messages[index].mandatory
        let sequence = needsSequence ? ledger.nextSequence : nil
        ledger.sent(Ticket(batch: batch, index: index), messageID: id, now: now)
        batch.sentNext()
        if isWhole {
            try wire.publish(batch.messages[index], sequence: sequence, channel: channel, now: now)
            return true
        }
        try wire.beginPublish(batch.messages[index], sequence: sequence, channel: channel, now: now)
        partial = Partial(body: body)
        return try finishPartial(wire, now: now)
    }

    private func finishPartial(_ wire: Wire, now: Instant) throws(LinkFailure) -> Bool {
        while let current = partial {
            let end = min(current.sent + wire.fragment, current.body.count)
            guard wire.hasRoom(end - current.sent) else { return false }
            try wire.sendBody(current.body, range: current.sent..<end, channel: channel, now: now)
            partial?.sent = end
            if end == current.body.count { partial = nil }
        }
        return true
    }

    private func discardFinishedFront() {
        while let batch = queue.first, batch.isAllSent { popQueue() }
    }

    private func popQueue() {
        guard let batch = queue.popFirst() else { return }
        queuedMessages -= batch.messages.count
        queuedBytes -= batch.messages.reduce(0) { $0 + $1.body.count + 256 }
    }
}
