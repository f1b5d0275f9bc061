/// The requests of a control link and the channels they run on.
///
/// Channels are opened as requests need them, at most `maximumChannels` at once, and kept for the next ones. As a role of
/// its own (without a channel that is ever opened) it gets its turn to keep the deadlines.
final class ControlPool: ChannelRole {
    private let maximumChannels: Int
    private unowned let core: LinkCore
    private var waiting: [(request: ControlChannel.Request, queue: String?)] = []
    private var running = DeadlineHeap<ControlChannel.Request>()
    private var channels: [ControlChannel] = []
    private(set) var staleSettles = 0

    var channel: UInt16 = 0
    let isRetired = false

    init(core: LinkCore, maximumChannels: Int) {
        self.core = core
        self.maximumChannels = maximumChannels
    }

    func submit(_ request: ControlChannel.Request, queue: String?) {
        if core.isClosed { return request.answer(.failure(.shutDown)) }
        guard waiting.count < 10_000 else { return request.answer(.failure(.tooManyChannels)) }
        waiting.append((request, queue))
        running.insert(request, deadline: request.deadline)
    }

    /// - Returns: whether the tag was outstanding on a channel that lives.
    func settle(_ tag: DeliveryTag, _ settle: AckCoalescer.Settle) -> Bool {
        let live = channels.first { $0.generation == tag.generation && !$0.isRetired }
        if let live, live.settle(tag.number, settle) { return true }
        staleSettles += 1
        return false
    }

    func closeChannel(ofQueue queue: String) {
        channels.first { $0.queue == queue && !$0.isRetired }?.close()
    }

    /// Called by each channel in its turn.
    func assign(to channel: ControlChannel, _ wire: Wire) {
        guard channel.isIdle else { return }
        waiting.removeAll { $0.request.isAnswered }
        guard let index = waiting.firstIndex(where: { $0.queue == channel.queue }) else { return }
        channel.begin(waiting.remove(at: index).request, wire)
    }

    private func openChannels(_ wire: Wire, now: Instant) {
        channels.removeAll { $0.isRetired }
        waiting.removeAll { $0.request.isAnswered }
        var wanted: [String?: Int] = [:]
        for (_, queue) in waiting { wanted[queue, default: 0] += 1 }
        for (queue, requests) in wanted {
            let limit = queue == nil ? maximumChannels : 1
            var total = channels.count { $0.queue == queue }
            var free = channels.count { $0.queue == queue && !$0.isBusy }
            while total < limit, free < requests {
                let channel = ControlChannel(core: core, pool: self, queue: queue)
                guard (try? core.register(channel, now: now)) != nil else { return }
                channels.append(channel)
                total += 1
                free += 1
            }
        }
    }

    func connected(_ wire: Wire, now: Instant) {}

    func disconnected(_ reason: String) { channels.removeAll() }

    func shutDown() {
        for (request, _) in waiting { request.answer(.failure(.shutDown)) }
        waiting.removeAll()
    }

    func receive(_ method: InboundMethod, now: Instant) throws(LinkFailure) {}

    var nextDeadline: Instant? { running.next }

    func tick(_ now: Instant) throws(LinkFailure) {
        running.dropFront { $0.isAnswered }
        while let request = running.popDue(now) {
            if waiting.contains(where: { $0.request === request }) {
                let reason = core.wire == nil ? core.lastFailure ?? "still connecting" : "no free channel"
                request.answer(.failure(.notConnected(reason: reason)))
            } else {
                request.answer(.failure(.timedOut(operation: request.method.label)))
            }
        }
        if let wire = core.wire { openChannels(wire, now: now) }
    }
}
