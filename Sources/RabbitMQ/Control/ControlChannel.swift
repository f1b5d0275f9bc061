/// A channel for requests, one at a time: a request that fails closes its channel, and only that.
final class ControlChannel: ChannelRole {
    enum Answer: Sendable {
        case method(InboundMethod)
        case message(AMQPDelivery, remaining: UInt32)
    }

    /// One request of a caller. Answered once, by the broker or by its deadline.
    final class Request {
        let method: OutboundMethod
        let deadline: Instant
        private var continuation: CheckedContinuation<Result<Answer, AMQPError>, Never>?

        init(
            _ method: OutboundMethod,
            deadline: Instant,
            continuation: CheckedContinuation<Result<Answer, AMQPError>, Never>
        ) {
            self.method = method
            self.deadline = deadline
            self.continuation = continuation
        }

        var isAnswered: Bool { continuation == nil }

        func answer(_ result: Result<Answer, AMQPError>) {
            continuation?.resume(returning: result)
            continuation = nil
        }
    }

    private enum Phase {
        case offline
        case opening
        case idle
        case busy(Request)
        case closing
        case retired
    }

    private unowned let core: LinkCore
    private unowned let pool: ControlPool
    private var phase = Phase.offline
    private var coalescer = AckCoalescer()
    private(set) var generation: UInt64 = 0
    /// For basic.get: what was got must be settled on the same channel, so each queue has one of its own.
    let queue: String?
    var channel: UInt16 = 0
    let nextDeadline: Instant? = nil

    init(core: LinkCore, pool: ControlPool, queue: String?) {
        self.core = core
        self.pool = pool
        self.queue = queue
    }

    var isIdle: Bool { if case .idle = phase { true } else { false } }
    var isBusy: Bool { if case .busy = phase { true } else { false } }
    var isRetired: Bool { if case .retired = phase { true } else { false } }
    var outstanding: Int { coalescer.outstanding }

    func begin(_ request: Request, _ wire: Wire) {
        phase = .busy(request)
        wire.enqueue(request.method, channel: channel)
    }

    func settle(_ tag: UInt64, _ settle: AckCoalescer.Settle) -> Bool { coalescer.settle(tag, settle) }

    /// Gives what was got and not settled back to the queue.
    func close() {
        guard case .idle = phase, let wire = core.wire else { return }
        sendSettles(wire)
        wire.enqueue(.channelClose, channel: channel)
        phase = .closing
    }

    func connected(_ wire: Wire, now: Instant) {
        generation = core.nextGeneration()
        wire.enqueue(.channelOpen, channel: channel)
        phase = .opening
    }

    func disconnected(_ reason: String) {
        if case .busy(let request) = phase { request.answer(.failure(.connectionLost(reason: reason))) }
        phase = .retired
    }

    func shutDown() {
        if case .busy(let request) = phase { request.answer(.failure(.shutDown)) }
        phase = .retired
    }

    func receive(_ method: InboundMethod, now: Instant) throws(LinkFailure) {
        switch (method, phase) {
        case (.channelOpenOK, .opening): phase = .idle
        case (.channelClose(let code, let text), let before):
            phase = .retired
            if case .busy(let request) = before { request.answer(.failure(.channelClosed(code: code, text: text))) }
        case (.channelCloseOK, .closing): phase = .retired
        case (_, .busy(let request)):
            phase = .idle
            request.answer(.success(.method(method)))
        default: break
        }
    }

    func receive(_ message: InboundMessage, now: Instant) throws(LinkFailure) {
        guard case .getOK(_, _, _, _, let remaining) = message.start, case .busy(let request) = phase,
            let delivery = message.delivery(generation: generation)
        else { return }
        guard coalescer.delivered(delivery.tag.number) else { throw LinkFailure("delivery tags out of order") }
        phase = .idle
        if request.isAnswered {
            // Its caller has gone: nobody else could give the message back.
            _ = coalescer.settle(delivery.tag.number, .negativeAcknowledge(requeue: true))
        }
        request.answer(.success(.message(delivery, remaining: remaining)))
    }

    func tick(_ now: Instant) throws(LinkFailure) {}

    func queueMethods(_ wire: Wire, now: Instant, isLast: Bool) {
        pool.assign(to: self, wire)
        sendSettles(wire)
    }

    private func sendSettles(_ wire: Wire) {
        for command in coalescer.flush() { wire.enqueue(command.method, channel: channel) }
    }
}
